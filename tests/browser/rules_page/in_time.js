/** Rules that have a time, on a machine that may be late: then nothing was tried, and the scenario is played again. */

import { sleep } from "./party.js";

const MOST_PLAYS = 8;

class Late extends Error {}

/** Where a span of time begins that must not be over yet when something happens. */
export class Moment {
  #at = performance.now();

  /** @param {number} ms @throws {Late} they are over */
  isWithin(ms) {
    const passed = performance.now() - this.#at;
    if (passed >= ms) throw new Late(`${Math.round(passed)} ms where ${ms} are allowed`);
  }
}

/** @param {() => Promise<unknown>} scenario */
export async function inTime(scenario) {
  for (let plays = 1; ; plays += 1) {
    try {
      return await scenario();
    } catch (error) {
      if (!(error instanceof Late) || plays === MOST_PLAYS) throw error;
    }
  }
}

/** Wait for what comes within two seconds; whatever is found then is for the caller to look at. @param {() => boolean} isTrue */
export async function until(isTrue) {
  for (const end = performance.now() + 2000; !isTrue() && performance.now() < end; ) await sleep(5);
}
