/** The statement of encryption: the seal at the top, always there, and each person's line in the panel. It says what was counted. */

import { announce } from "./announcer.js";
import { byId, fromTemplate, setIcon, within } from "./elements.js";
import { lockedOutWords, lockStateWords, ownLockWords, reasonWords, SEAL, TILES } from "./words.js";

/** @typedef {import("./stage.js").LockReport} LockReport */

/** @param {LockReport} report */
export function showEncryption(report) {
  showSeal(report);
  const own = { name: TILES.own, isBad: false, words: ownLockWords(report.sending) };
  const others = report.others.map(({ name, lock, reason }) => ({ name, isBad: lock === "unreadable", words: lockStateWords(lock, reason) }));
  const strangers = report.strangers.map((reason) => ({ name: TILES.stranger, isBad: true, words: `${reasonWords(reason)} Nothing is shown.` }));
  const lines = [own, ...others, ...strangers];
  const list = byId("statement", HTMLUListElement);
  // Whoever reads it, or hears it read, is not disturbed while nothing changes.
  const text = JSON.stringify(lines);
  if (list.dataset.shown !== text) {
    list.dataset.shown = text;
    list.replaceChildren(...lines.map(lineFor));
  }
}

/** @param {LockReport} report */
function showSeal({ sending, others, strangers }) {
  const seal = byId("seal", HTMLButtonElement);
  const lockedOut = others.filter(({ lock }) => lock === "unreadable").map(({ name }) => name);
  const isBad = lockedOut.length > 0 || strangers.length > 0;
  seal.dataset.true = String(sending);
  seal.dataset.bad = String(isBad);
  setIcon(seal, isBad ? "warn" : "lock");
  const words = isBad ? badWords(lockedOut) : goodWords(sending, others);
  const element = byId("seal-words", HTMLElement);
  if (element.textContent !== words) {
    element.textContent = words;
    if (isBad) {
      announce(words);
    }
  }
}

/** @param {string[]} lockedOut */
function badWords(lockedOut) {
  return lockedOut.length > 0 ? lockedOutWords(lockedOut) : SEAL.stranger;
}

/** @param {boolean} sending @param {LockReport["others"]} others */
function goodWords(sending, others) {
  const isReceiving = others.some(({ lock }) => lock === "encrypted");
  return sending ? SEAL.sending : isReceiving ? SEAL.notSending : SEAL.idle;
}

/** @param {{name: string, isBad: boolean, words: string}} line */
function lineFor({ name, isBad, words }) {
  const line = fromTemplate("lock-line-template");
  line.dataset.bad = String(isBad);
  setIcon(line, isBad ? "warn" : "lock");
  within(line, ".lock-line__name", HTMLElement).textContent = name;
  within(line, ".lock-line__words", HTMLElement).textContent = words;
  return line;
}
