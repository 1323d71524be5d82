/**
 * Time as it passes for keys: the monotonic clock, and the time that the machine slept, in which that clock may stand still.
 * The wall clock counts only where it has leapt ahead: whoever sets it forward ends keys early, never late.
 */

/** Less than this between two looks is no sleep, but two clocks that do not tick alike. */
const LEAP_MS = 1_000;

let monotonic = performance.now();
let wall = Date.now();
let sleptMs = 0;

/** @returns {number} ms, never falling */
export function elapsed() {
  // Asked several times for each frame: arrays, short as they are, would cost more than the clocks.
  const now = performance.now();
  const wallNow = Date.now();
  const leap = wallNow - wall - (now - monotonic);
  if (leap > LEAP_MS) sleptMs += leap;
  monotonic = now;
  wall = wallNow;
  return now + sleptMs;
}
