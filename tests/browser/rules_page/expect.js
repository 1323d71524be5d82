/** The few comparisons that the scenarios need. */

const show = (value) => (value instanceof Uint8Array ? `bytes ${value.join(" ")}` : JSON.stringify(value));

/** @param {unknown} actual @param {unknown} expected @param {string} what */
export function same(actual, expected, what) {
  if (show(actual) !== show(expected)) throw new Error(`${what}: ${show(actual)} is not ${show(expected)}`);
}

/** @param {unknown} truth @param {string} what */
export function holds(truth, what) {
  if (!truth) throw new Error(what);
}
