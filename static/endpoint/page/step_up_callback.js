/** The callback page where somebody only confirmed who he is: hand the answer to the page that waits for it, and go. */

import { enterState, showGate } from "./gate.js";

/** As in worker/session/step_up.js. */
const CHANNEL = "conclave-step-up";
const STATE_PREFIX = "step-up.";
const CLOSE_AFTER_MS = 400;

/** @returns {boolean} whether this was one */
export function handOverStepUp() {
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  if (location.pathname !== "/callback" || !answer.state?.startsWith(STATE_PREFIX)) {
    return false;
  }
  // The code must not stay in the address or in the history.
  history.replaceState(null, "", "/callback");
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(answer);
  enterState("ended");
  showGate(answer.code ? "confirmed" : "sign_in_refused");
  setTimeout(() => window.close(), CLOSE_AFTER_MS);
  return true;
}
