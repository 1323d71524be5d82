/** What is announced when the verified roster changes. */

import { announce } from "./announcer.js";
import { byId } from "./elements.js";
import { nameOf } from "./people.js";
import { leftWords, lockWords } from "./words.js";

/** @param {any} roster as the worker reports it */
export function announceChange({ self, change: { cause, joined, left } }) {
  if (cause === "locked" || cause === "unlocked") {
    showLocked(cause === "locked");
    announce(lockWords(cause === "locked"));
  }
  if (cause === "snapshot") {
    return;
  }
  for (const entry of joined) {
    if (entry.sourceId !== self) {
      announce(`${nameOf(entry)} joined${entry.invitedBy ? `, invited by ${entry.invitedBy}` : ""}`);
    }
  }
  left.forEach((/** @type {any} */ gone) => announce(leftWords(nameOf(gone.entry), gone.reason)));
}

/** @param {boolean} isLocked nobody new comes in */
export function showLocked(isLocked) {
  byId("locked", HTMLElement).hidden = !isLocked;
}
