/** Whoever goes by keyboard is never left nowhere: where the element with the focus goes away, its panel gets it, or the stage. */

import { byId } from "./elements.js";

/** @param {AbortSignal} signal it ends with it */
export function keepFocus(signal) {
  const page = byId("conference", HTMLElement);
  /** The element that had it last, and the panel around it. @type {{element: Element, panel: HTMLElement | null} | null} */
  let last = null;
  page.addEventListener(
    "focusin",
    ({ target }) => {
      const element = target instanceof Element ? target : null;
      last = element && { element, panel: element.closest(".panel") };
    },
    { signal },
  );
  const watch = new MutationObserver(() => {
    if (last && isNowhere() && !isShown(last.element)) {
      const { panel } = last;
      (panel && isShown(panel) ? panel : byId("stage", HTMLElement)).focus({ preventScroll: true });
    }
  });
  watch.observe(page, { subtree: true, childList: true, attributes: true, attributeFilter: ["hidden"] });
  signal.addEventListener("abort", () => watch.disconnect());
}

function isNowhere() {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || !isShown(activeElement);
}

/** @param {Element} element */
function isShown(element) {
  return element.isConnected && element.checkVisibility();
}
