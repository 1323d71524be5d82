/**
 * Confirming who one is without leaving the conference (DESIGN section 3): a second sign-in in a window of its own, under the
 * same DPoP key, whose callback page hands its answer over by a BroadcastChannel of this origin. The code is of no use to
 * anybody else: its verifier and the key never leave this worker.
 */

import { authorizationURL, randomText } from "./authorization_request.js";
import { SessionError } from "./errors.js";

export const CHANNEL = "conclave-step-up";
/** By this the callback page knows that somebody else waits for the answer. */
export const STATE_PREFIX = "step-up.";
const LIFETIME_MS = 10 * 60 * 1000;
const FRESH_S = 300;

/** @typedef {{state: string, verifier: string, expiresAt: number}} Pending */

export class StepUp {
  #endpoint;
  #onConfirmed;
  /** @type {Pending | null} */
  #pending = null;
  #channel = new BroadcastChannel(CHANNEL);

  /**
   * @param {{grant: import("./grant.js").Grant, origins: import("./sign_in.js").Origins, conference: string}} endpoint
   * @param {(code: string | null) => void} onConfirmed null, or why it was not
   */
  constructor(endpoint, onConfirmed) {
    this.#endpoint = endpoint;
    this.#onConfirmed = onConfirmed;
    this.#channel.onmessage = ({ data }) => void this.#take(data);
  }

  /** Prepare it. @returns {Promise<string>} the address for a window of its own */
  async begin() {
    const { grant, origins, conference } = this.#endpoint;
    const [state, verifier] = [STATE_PREFIX + randomText(), randomText()];
    this.#pending = { state, verifier, expiresAt: performance.now() + LIFETIME_MS };
    return authorizationURL({ origins, conference, state, verifier, jkt: grant.client.key.jkt, maxAgeS: FRESH_S });
  }

  end() {
    this.#pending = null;
    this.#channel.close();
  }

  /** @param {any} answer of the callback page */
  async #take(answer) {
    const pending = this.#pending;
    if (!pending || answer?.state !== pending.state || performance.now() > pending.expiresAt) {
      return;
    }
    this.#pending = null;
    try {
      await this.#confirm(answer, pending.verifier);
      this.#onConfirmed(null);
    } catch (error) {
      this.#onConfirmed(error instanceof SessionError ? error.code : "unexpected");
    }
  }

  /** @param {{code?: unknown, iss?: unknown}} answer @param {string} verifier */
  async #confirm({ code, iss }, verifier) {
    const { grant, origins } = this.#endpoint;
    // RFC 9207: an answer of another issuer must not make us send the code anywhere.
    if (iss !== origins.auth) {
      throw new SessionError("sign_in_foreign");
    }
    if (typeof code !== "string") {
      throw new SessionError("sign_in_refused");
    }
    await grant.confirm({ code, verifier });
  }
}
