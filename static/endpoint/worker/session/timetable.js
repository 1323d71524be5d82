/** What a stay in the conference does again and again, and how long it waits before it tries again. */

const HEARTBEAT_MS = 5_000;
const LEAVE_PROOF_MS = 20_000; // a proof is accepted for 30 s
const RENEW_LOOK_MS = 5_000;

/** A token is renewed when less than this is left of its five minutes. */
export const RENEW_BEFORE_S = 60;
const LEAST_PAUSE_MS = 500;
const FIRST_PAUSE_MS = 3_000;
/** Who waits longer is not back within ten seconds of the KMF's return. */
const LONGEST_PAUSE_MS = 6_000;
const SHORTLY_MS = 500;

/** Who has waited so long for the first welcome is told that nobody answers. */
export const WELCOME_MS = 30_000;

/** Repeated actions of one connection. */
export class Timetable {
  /** @type {number[]} */
  #timers = [];

  /** @param {{heartbeat: () => void, leaveProof: () => void, renew: () => void}} actions */
  start({ heartbeat, leaveProof, renew }) {
    this.stop();
    heartbeat();
    leaveProof();
    this.#timers = [
      setInterval(heartbeat, HEARTBEAT_MS),
      setInterval(leaveProof, LEAVE_PROOF_MS),
      setInterval(renew, RENEW_LOOK_MS),
    ];
  }

  stop() {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#timers = [];
  }
}

/**
 * Wait before the next connection: 0.5 to 3 s at first, later 0.5 to 6 s, each endpoint another time, so that a thousand of
 * them do not come back in the same instant.
 *
 * @param {number} attempt from 0
 * @param {number} [atLeastS] what the KMF asked for
 * @returns {Promise<void>}
 */
export function pause(attempt, atLeastS = 0) {
  const longest = Math.min(FIRST_PAUSE_MS * 1.5 ** attempt, LONGEST_PAUSE_MS);
  return waited(atLeastS * 1000 + LEAST_PAUSE_MS + Math.random() * (longest - LEAST_PAUSE_MS));
}

/** Wait a moment, each endpoint another one. @returns {Promise<void>} */
export function shortly() {
  return waited(Math.random() * SHORTLY_MS);
}

/** @param {number} ms @returns {Promise<void>} */
function waited(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
