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
 * @param {(entry: RosterEntry) => void} [onRemove] given, each entry but one's own has a button for it
 */
export function showPeople({ entries, self }, onRemove) {
  const list = byId("people", HTMLUListElement);
  const focused = list.contains(document.activeElement) ? document.activeElement?.closest("li")?.dataset.sourceId : undefined;
  const sorted = [...entries].sort((one, other) => one.since - other.since || nameOf(one).localeCompare(nameOf(other)));
  list.replaceChildren(...sorted.map((entry) => person(entry, entry.sourceId === self, onRemove)));
  // The list is made anew at each change: whoever was about to press a button finds it again.
  const again = focused && list.querySelector(`[data-source-id="${focused}"] button:not([hidden])`);
  if (again instanceof HTMLElement) {
    again.focus();
  }
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

/** @param {RosterEntry} entry @param {boolean} own @param {(entry: RosterEntry) => void} [onRemove] */
function person(entry, own, onRemove) {
  const element = fromTemplate("person-template");
  element.dataset.sourceId = String(entry.sourceId);
  within(element, ".person__initials", HTMLElement).textContent = initialsOf(nameOf(entry));
  within(element, ".person__name", HTMLElement).textContent = own ? `${nameOf(entry)} (you)` : nameOf(entry);
  within(element, ".person__identity", HTMLElement).textContent = nameOf(entry) === entry.identity ? "" : entry.identity;
  const letIn = entry.admittedAt ? ` · let in by ${entry.admittedBy} at ${timeOfDay(entry.admittedAt)}` : "";
  const invited = (entry.invitedBy ? ` · invited by ${entry.invitedBy}` : "") + letIn;
  within(element, ".person__how", HTMLElement).textContent = `${verifiedWords(entry.verifiedBy)} · since ${timeOfDay(entry.since)}${invited}`;
  const role = within(element, ".person__role", HTMLElement);
  const kind = { room: "Room", recorder: "Recorder" }[entry.kind];
  role.textContent = kind ?? "Initiator";
  role.hidden = kind === undefined && entry.role !== "initiator";
  const remove = within(element, ".person__remove", HTMLButtonElement);
  remove.hidden = !onRemove || own || entry.role === "initiator";
  remove.setAttribute("aria-label", `Remove ${nameOf(entry)}`);
  remove.onclick = () => onRemove?.(entry);
  return element;
}
