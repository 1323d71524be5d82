/**
 * Time as it passes for keys: the monotonic clock, and the time that the machine slept, in which that clock may stand still.
 * The wall clock counts only where it has leapt ahead: whoever sets it forward ends keys early, never late.
 */

/** Less than this between two looks is no sleep, but two clocks that do not tick alike. */
const LEAP_MS = 1_000;

let [monotonic, wall, sleptMs] = [performance.now(), Date.now(), 0];

/** @returns {number} ms, never falling */
export function elapsed() {
  const [now, wallNow] = [performance.now(), Date.now()];
  const leap = wallNow - wall - (now - monotonic);
  if (leap > LEAP_MS) sleptMs += leap;
  [monotonic, wall] = [now, wallNow];
  return now + sleptMs;
}
