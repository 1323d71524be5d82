/** Two keys that work wherever the focus is; with Ctrl or Cmd, so that no single letter does anything (WCAG 2.1.4). */

/** @type {Record<string, "mic" | "camera">} as in other programs of the kind */
const KEYS = { d: "mic", e: "camera" };

/**
 * @param {(kind: "mic" | "camera") => void} onToggle
 * @param {AbortSignal} signal they end with it
 */
export function listenToShortcuts(onToggle, signal) {
  document.addEventListener(
    "keydown",
    (event) => {
      const kind = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey ? KEYS[event.key.toLowerCase()] : undefined;
      if (kind === undefined) {
        return;
      }
      event.preventDefault();
      if (!event.repeat) {
        onToggle(kind);
      }
    },
    { signal },
  );
}
