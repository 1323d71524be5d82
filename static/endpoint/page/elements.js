/** The page's elements: found once by id, made from templates; text goes in as text only. */

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) {
    throw new TypeError(`no element ${id} of the expected kind`);
  }
  return element;
}

/**
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function within(parent, selector, kind) {
  const element = parent.querySelector(selector);
  if (!(element instanceof kind)) {
    throw new TypeError(`no ${selector} of the expected kind`);
  }
  return element;
}

/** First element of a template, cloned. @param {string} id @returns {HTMLElement} */
export function fromTemplate(id) {
  const copy = byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) {
    throw new TypeError(`template ${id} is empty`);
  }
  return copy;
}

/** Show another icon of the page's set. @param {Element} parent @param {string} name */
export function setIcon(parent, name) {
  within(parent, "use", SVGUseElement).setAttribute("href", `#icon-${name}`);
}

/** Up to two initials of a name. @param {string} name */
export function initialsOf(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const [first = "", last = ""] = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] ?? ""];
  return `${[...first][0] ?? ""}${[...last][0] ?? ""}`.toUpperCase();
}
