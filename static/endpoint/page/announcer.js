/** Short news: seen for some seconds at the edge, and read aloud by screen readers, one after the other. */

import { byId } from "./elements.js";

const SHOWN_MS = 4_000;
const FADING_MS = 200;
const AT_ONCE = 3;

/** @type {string[]} */
const waiting = [];
let timer = 0;
let fading = 0;

/** @param {string} news */
export function announce(news) {
  waiting.push(news);
  if (timer === 0) {
    next();
  }
}

/** What was still to be said concerns nobody any more. */
export function silence() {
  waiting.length = 0;
  clearTimeout(timer);
  next();
}

function next() {
  // Many at once become one: a hall that fills up must not talk for minutes.
  const news = waiting.length > AT_ONCE ? summary() : (waiting.shift() ?? "");
  const element = byId("announcer", HTMLElement);
  element.dataset.shown = String(news !== "");
  clearTimeout(fading);
  if (news === "") {
    fading = setTimeout(() => (element.textContent = ""), FADING_MS);
  } else {
    element.textContent = news;
  }
  timer = news === "" ? 0 : setTimeout(next, SHOWN_MS);
}

function summary() {
  const [first] = waiting;
  const others = waiting.splice(0).length - 1;
  return `${first}, and ${others} more changes`;
}
