/** Who waits at the door, and who was put out of it. Text goes in as text only: names come from people. */

import { byId, fromTemplate, initialsOf, within } from "./elements.js";
import { timeOfDay, verifiedWords } from "./words.js";

/**
 * @typedef {import("../worker/session/moderation.js").Door} DoorState
 * @typedef {(action: string, identity: string) => void} Act
 */

/** @param {DoorState["waiting"]} waiting @param {Act} act */
export function showWaiting(waiting, act) {
  const rows = waiting.map(({ identity, name, verifiedBy, since, removed }) => {
    const how = `${verifiedWords(verifiedBy)} · waiting since ${timeOfDay(since)}${removed ? " · was removed before" : ""}`;
    const answers = [{ words: "Let in", run: () => act("admit", identity) }, { words: "Decline", run: () => act("decline", identity) }];
    return row({ identity, name, how, answers });
  });
  fill("waiting", rows);
  const count = byId("waiting-count", HTMLElement);
  count.hidden = waiting.length === 0;
  count.textContent = String(waiting.length);
  count.setAttribute("aria-label", `${waiting.length} waiting`);
}

/** @param {DoorState["keptOut"]} keptOut @param {Act} act */
export function showKeptOut(keptOut, act) {
  const rows = keptOut.map(({ identity, name, banned }) => {
    const how = banned ? "Cannot ask to come back" : "Can ask to come back";
    const answers = [banned ? { words: "Let them ask", run: () => act("unban", identity) } : { words: "Do not let them ask", run: () => act("ban", identity) }];
    return row({ identity, name, how, answers });
  });
  fill("kept-out", rows);
}

/** @param {{identity: string, name: string, how: string, answers: {words: string, run: () => void}[]}} person */
function row({ identity, name, how, answers: [yes, no] }) {
  const element = fromTemplate("waiting-template");
  element.dataset.identity = identity;
  within(element, ".person__initials", HTMLElement).textContent = initialsOf(name);
  within(element, ".person__name", HTMLElement).textContent = name;
  within(element, ".person__identity", HTMLElement).textContent = name === identity ? "" : identity;
  within(element, ".person__how", HTMLElement).textContent = how;
  answer(within(element, '[data-act="yes"]', HTMLButtonElement), name, yes);
  answer(within(element, '[data-act="no"]', HTMLButtonElement), name, no);
  return element;
}

/** @param {HTMLButtonElement} button @param {string} name @param {{words: string, run: () => void} | undefined} choice */
function answer(button, name, choice) {
  button.hidden = choice === undefined;
  button.textContent = choice?.words ?? "";
  button.setAttribute("aria-label", `${choice?.words ?? ""}: ${name}`);
  button.onclick = choice?.run ?? null;
}

/** Fill a list; whoever had the focus in it keeps it, on the same person's button. @param {string} id @param {HTMLElement[]} rows */
function fill(id, rows) {
  const list = byId(id, HTMLUListElement);
  const active = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const [identity, act] = [active?.closest("li")?.dataset.identity, active?.dataset.act];
  list.replaceChildren(...rows);
  byId(`${id}-part`, HTMLElement).hidden = rows.length === 0;
  const same = rows.find((element) => element.dataset.identity === identity)?.querySelector(`[data-act="${act}"]`);
  if (active) {
    (same instanceof HTMLElement ? same : byId("people-panel", HTMLElement)).focus({ preventScroll: true });
  }
}
