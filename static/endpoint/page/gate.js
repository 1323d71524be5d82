/** The calm page before and after a conference: one title, one sentence, at most one thing to do. */

import { byId } from "./elements.js";
import { CAPABILITIES, gateWords } from "./words.js";

const SCREENS = ["gate", "prejoin", "conference"];
/** @type {Record<string, string>} screen that belongs to a state of the page */
const SCREEN_OF = { prejoin: "prejoin", "in-conference": "conference" };

/**
 * Put the page into a state.
 *
 * @param {"checking" | "signing-in" | "prejoin" | "joining" | "waiting" | "in-conference" | "ended"} state
 */
export function enterState(state) {
  document.body.dataset.state = state;
  const shown = SCREEN_OF[state] ?? "gate";
  SCREENS.forEach((screen) => (byId(screen, HTMLElement).hidden = screen !== shown));
}

/**
 * Say something on the gate.
 *
 * @param {string} code of words.js
 * @param {{onAction?: () => void, busy?: boolean, link?: boolean, points?: string[], text?: string}} [options] `text`: instead
 *   of the code's own sentence
 */
export function showGate(code, { onAction, busy = false, link = false, points = [], text } = {}) {
  const words = gateWords(code);
  document.body.dataset.code = code;
  byId("gate-title", HTMLElement).textContent = words.title;
  byId("gate-text", HTMLElement).textContent = text ?? words.text;
  byId("gate-progress", HTMLElement).hidden = !busy;
  byId("gate-link", HTMLElement).hidden = !link;
  const action = byId("gate-action", HTMLButtonElement);
  action.textContent = words.action ?? "";
  action.hidden = !onAction || !words.action;
  action.onclick = onAction ?? null;
  showPoints(points);
  byId("gate", HTMLElement).focus({ preventScroll: true });
}

/** @param {string[]} codes */
function showPoints(codes) {
  const list = byId("gate-points", HTMLUListElement);
  list.hidden = codes.length === 0;
  list.replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement("li");
      const { text, details } = CAPABILITIES[code];
      const [more, summary] = [document.createElement("details"), document.createElement("summary")];
      summary.textContent = "Details";
      more.append(summary, details);
      item.append(text, more);
      return item;
    }),
  );
}
