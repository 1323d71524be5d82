/**
 * No frame takes the focus by itself: it would hear keys that are meant for the page, and the microphone's shortcut would do
 * nothing. Browsers let even a frame that nobody can see or reach take it (`inert`, `visibility`, `display` change nothing).
 */

import { byId } from "./elements.js";

const TAB_MS = 500;
const MOST_TAKEN = 8;
const WITHIN_MS = 1_000;

/**
 * The core frame may have it by a click, which activates the page around it, too, or by Tab; else it is taken back. The
 * provider's frame has nothing to click or to type in.
 *
 * @param {{onProvider: () => void, onCore: () => void, signal: AbortSignal}} options `onProvider`: its frame has taken the focus
 *   and must go; `onCore`: the core frame takes it again and again; `signal`: the guard ends with it
 */
export function guardFocus({ onProvider, onCore, signal }) {
  let tabbedAt = -Infinity;
  /** The page's element that had it last. @type {HTMLElement | null} */
  let last = null;
  /** @type {number[]} */
  let taken = [];

  function check() {
    const frame = document.activeElement;
    if (!(frame instanceof HTMLIFrameElement)) {
      return;
    }
    if (byId("provider-frame", HTMLElement).contains(frame)) {
      onProvider();
    } else if (navigator.userActivation?.isActive !== false || performance.now() - tabbedAt < TAB_MS) {
      return;
    } else {
      count();
    }
    const back = last?.isConnected && last.checkVisibility() ? last : byId("stage", HTMLElement);
    back.focus({ preventScroll: true });
  }

  function count() {
    const now = performance.now();
    taken = [...taken.filter((at) => now - at < WITHIN_MS), now];
    if (taken.length > MOST_TAKEN) {
      taken = [];
      onCore();
    }
  }

  addEventListener("keydown", ({ key }) => (tabbedAt = key === "Tab" ? performance.now() : tabbedAt), { signal, capture: true });
  addEventListener("focusin", ({ target }) => (last = target instanceof HTMLElement && !(target instanceof HTMLIFrameElement) ? target : last), { signal });
  // Who has it instead is known a moment later.
  addEventListener("blur", () => setTimeout(check), { signal });
}
