/** The people panel: the verified roster, and nothing but it. */

import { byId, fromTemplate, initialsOf, within } from "./elements.js";
import { timeOfDay, verifiedWords } from "./words.js";

/** @typedef {import("../worker/roster/bodies.js").RosterEntry} RosterEntry */

/** Name that stands for an entry. @param {RosterEntry} entry */
export function nameOf(entry) {
  return entry.name || entry.identity;
}

/**
 * Show the roster.
 *
 * @param {{entries: RosterEntry[], self: number}} roster
 */
export function showPeople({ entries, self }) {
  const sorted = [...entries].sort((one, other) => one.since - other.since || nameOf(one).localeCompare(nameOf(other)));
  byId("people", HTMLUListElement).replaceChildren(...sorted.map((entry) => person(entry, entry.sourceId === self)));
  byId("people-count", HTMLElement).textContent = String(entries.length);
}

/** Show the verification code. @param {{code: string[], epoch: number}} roster */
export function showCode({ code, epoch }) {
  byId("code", HTMLOListElement).replaceChildren(
    ...code.map((group) => {
      const item = document.createElement("li");
      item.textContent = group;
      return item;
    }),
  );
  byId("code-epoch", HTMLElement).textContent = String(epoch);
}

/** @param {RosterEntry} entry @param {boolean} own */
function person(entry, own) {
  const element = fromTemplate("person-template");
  element.dataset.sourceId = String(entry.sourceId);
  within(element, ".person__initials", HTMLElement).textContent = initialsOf(nameOf(entry));
  within(element, ".person__name", HTMLElement).textContent = own ? `${nameOf(entry)} (you)` : nameOf(entry);
  within(element, ".person__identity", HTMLElement).textContent = entry.identity;
  const invited = entry.invitedBy ? ` · invited by ${entry.invitedBy}` : "";
  within(element, ".person__how", HTMLElement).textContent = `${verifiedWords(entry.verifiedBy)} · since ${timeOfDay(entry.since)}${invited}`;
  const role = within(element, ".person__role", HTMLElement);
  role.textContent = entry.kind === "room" ? "Room" : "Initiator";
  role.hidden = entry.kind !== "room" && entry.role !== "initiator";
  return element;
}
