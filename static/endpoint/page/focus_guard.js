/**
 * No frame takes the focus by itself: it would hear keys that are meant for the page, and the microphone's shortcut would do
 * nothing. A frame may have it by a click, which activates the page around it, too, or by Tab; else it is taken back.
 */

import { byId } from "./elements.js";

const TAB_MS = 500;
const MOST_TAKEN = 8;
const WITHIN_MS = 1_000;

/** @param {{onGrabbing: () => void, signal: AbortSignal}} options `onGrabbing`: a frame takes it again and again; `signal`: it ends with it */
export function guardFocus({ onGrabbing, signal }) {
  let tabbedAt = -Infinity;
  /** The page's element that had it last. @type {HTMLElement | null} */
  let last = null;
  /** @type {number[]} */
  let taken = [];

  function check() {
    const frame = document.activeElement;
    const now = performance.now();
    if (!(frame instanceof HTMLIFrameElement) || navigator.userActivation?.isActive !== false || now - tabbedAt < TAB_MS) {
      return;
    }
    const back = last?.isConnected && last.checkVisibility() ? last : byId("stage", HTMLElement);
    back.focus({ preventScroll: true });
    taken = [...taken.filter((at) => now - at < WITHIN_MS), now];
    if (taken.length > MOST_TAKEN) {
      taken = [];
      onGrabbing();
    }
  }

  addEventListener("keydown", ({ key }) => (tabbedAt = key === "Tab" ? performance.now() : tabbedAt), { signal, capture: true });
  addEventListener("focusin", ({ target }) => (last = target instanceof HTMLElement && !(target instanceof HTMLIFrameElement) ? target : last), { signal });
  // Who has it instead is known a moment later.
  addEventListener("blur", () => setTimeout(check), { signal });
}
