/** The bar below the stage, and the panels it opens. */

import { byId, setIcon, within } from "./elements.js";

const PANELS = { "people-panel": "toggle-people", "code-panel": "toggle-code", "core-panel": "toggle-core" };
const NAMES = Object.freeze({
  mic: { word: "microphone", on: "mic", off: "mic-off", key: "Ctrl+D" },
  camera: { word: "camera", on: "camera", off: "camera-off", key: "Ctrl+E" },
});

/** What opened the panel that is open gets the focus back. @type {Element | null} */
let opener = null;

/** @typedef {keyof typeof PANELS} PanelId */
/** @typedef {import("./choices.js").Choices["layout"]} Layout */

/**
 * @param {{onToggle: (kind: "mic" | "camera") => void, onShare: () => void, canShare: boolean, onLayout: () => void,
 *   onLeave: () => void, onOpen: (panel: PanelId) => void}} options
 */
export function wireControls({ onToggle, onShare, canShare, onLayout, onLeave, onOpen }) {
  byId("toggle-mic", HTMLButtonElement).onclick = () => onToggle("mic");
  byId("toggle-camera", HTMLButtonElement).onclick = () => onToggle("camera");
  byId("toggle-screen", HTMLButtonElement).onclick = onShare;
  byId("toggle-screen", HTMLButtonElement).hidden = !canShare;
  byId("stop-sharing", HTMLButtonElement).onclick = () => {
    byId("toggle-screen", HTMLButtonElement).focus();
    onShare();
  };
  byId("toggle-layout", HTMLButtonElement).onclick = onLayout;
  byId("leave", HTMLButtonElement).onclick = onLeave;
  byId("seal", HTMLButtonElement).onclick = () => openPanel("code-panel");
  for (const [panel, button] of /** @type {[PanelId, string][]} */ (Object.entries(PANELS))) {
    byId(button, HTMLButtonElement).onclick = () => {
      const opens = byId(panel, HTMLElement).hidden;
      openPanel(opens ? panel : null);
      if (opens) {
        onOpen(panel);
      }
    };
    within(byId(panel, HTMLElement), "[data-close]", HTMLButtonElement).onclick = () => closePanel(panel);
    byId(panel, HTMLElement).onkeydown = (event) => {
      if (event.key === "Escape") {
        closePanel(panel);
      }
    };
  }
}

/** A device is on, off or on its way. @param {"mic" | "camera"} kind @param {{on: boolean, busy?: boolean}} state */
export function showToggle(kind, { on, busy = false }) {
  const button = byId(`toggle-${kind}`, HTMLButtonElement);
  button.setAttribute("aria-pressed", String(on));
  button.setAttribute("aria-busy", String(busy));
  button.title = `Turn the ${NAMES[kind].word} ${on ? "off" : "on"} (${NAMES[kind].key})`;
  setIcon(button, on ? NAMES[kind].on : NAMES[kind].off);
}

/** One's own screen is shared, or not. @param {{on: boolean, busy: boolean}} state */
export function showSharing({ on, busy }) {
  const button = byId("toggle-screen", HTMLButtonElement);
  button.setAttribute("aria-pressed", String(on));
  button.setAttribute("aria-busy", String(busy));
  button.title = on ? "Stop sharing the screen" : "Share the screen";
  byId("sharing", HTMLElement).hidden = !on;
}

/** @param {Layout} layout */
export function showLayout(layout) {
  const button = byId("toggle-layout", HTMLButtonElement);
  button.setAttribute("aria-pressed", String(layout === "speaker"));
  button.title = layout === "speaker" ? "Show everybody alike" : "Show whoever speaks large";
}

/** Open a panel, wherever that was asked for. @param {PanelId} panel */
export function showPanel(panel) {
  openPanel(panel);
}

/** One panel at a time. @param {PanelId | null} open */
function openPanel(open) {
  for (const [panel, button] of Object.entries(PANELS)) {
    byId(panel, HTMLElement).hidden = panel !== open;
    byId(button, HTMLButtonElement).setAttribute("aria-expanded", String(panel === open));
  }
  if (open) {
    opener = document.activeElement;
    byId(open, HTMLElement).focus({ preventScroll: true });
  }
}

/** Close a panel, and give the focus back to what opened it. @param {PanelId} panel */
function closePanel(panel) {
  openPanel(null);
  const button = byId(PANELS[panel], HTMLButtonElement);
  (opener instanceof HTMLButtonElement && opener.checkVisibility() ? opener : button).focus();
}
