/** What a stay in the conference does again and again, and how long it waits before it tries again. */

const HEARTBEAT_MS = 5_000;
const LEAVE_PROOF_MS = 20_000; // a proof is accepted for 30 s
const RENEW_LOOK_MS = 5_000;

/** A token is renewed when less than this is left of its five minutes. */
export const RENEW_BEFORE_S = 60;
/** So long the KMF waits for a cut line before it is a leave. */
export const GRACE_MS = 5_000;

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
 * Wait before the next connection: 0.5 to 3 s at first, so that a thousand endpoints do not come at once, later longer.
 *
 * @param {number} attempt from 0
 * @param {number} [atLeastS] what the KMF asked for
 * @returns {Promise<void>}
 */
export function pause(attempt, atLeastS = 0) {
  const jitter = 500 + Math.random() * 2_500;
  const wait = Math.max(atLeastS * 1000, Math.min(jitter * 1.5 ** attempt, 15_000));
  return new Promise((resolve) => setTimeout(resolve, wait));
}
