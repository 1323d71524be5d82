/** Requests to the KMF with a proof each, and the codes of its refusals. */

import { SessionError } from "./errors.js";

const TIMEOUT_MS = 15_000;

/**
 * @typedef {import("./dpop.js").DPoPKey} DPoPKey
 * @typedef {import("./server_clock.js").ServerClock} ServerClock
 * @typedef {{url: string, body: Uint8Array<ArrayBuffer>, contentType: string, token?: string, hashBody?: boolean}} KMFRequest
 */

export class KMFClient {
  /** @param {{key: DPoPKey, clock: ServerClock}} options */
  constructor({ key, clock }) {
    this.key = key;
    this.clock = clock;
  }

  /**
   * POST with a proof; once more with the KMF's nonce where it asks for one: our clock is wrong, and was set by that answer.
   *
   * @param {KMFRequest} request
   * @returns {Promise<Response>} an answer with status 200 to 299
   * @throws {SessionError} with the KMF's code, or unreachable
   */
  async post(request) {
    const first = await this.#attempt(request);
    if (first.ok) {
      return first;
    }
    const refusal = await refusalOf(first);
    const nonce = first.headers.get("DPoP-Nonce");
    if (refusal.code !== "use_dpop_nonce" || nonce === null) {
      throw refusal;
    }
    const second = await this.#attempt(request, nonce);
    if (!second.ok) {
      throw await refusalOf(second);
    }
    return second;
  }

  /** Learn the KMF's time; a line that is away teaches nothing. @param {string} kmf its origin */
  async askTime(kmf) {
    const request = { cache: /** @type {const} */ ("no-store"), credentials: /** @type {const} */ ("omit"), signal: AbortSignal.timeout(TIMEOUT_MS) };
    const response = await fetch(`${kmf}/health`, request).catch(() => null);
    this.clock.note(response?.headers.get("Date") ?? null);
  }

  /** @param {KMFRequest} request @param {string} [nonce] @returns {Promise<Response>} */
  async #attempt({ url, body, contentType, token, hashBody }, nonce) {
    const hashed = hashBody ? body : undefined;
    const proof = await this.key.proof({ method: "POST", url, token, body: hashed, nowS: this.clock.nowS(), nonce });
    /** @type {Record<string, string>} */
    const headers = { "Content-Type": contentType, DPoP: proof };
    if (token !== undefined) {
      headers.Authorization = `DPoP ${token}`;
    }
    const response = await answer(url, headers, body);
    this.clock.note(response.headers.get("Date"));
    return response;
  }
}

/** @param {string} url @param {Record<string, string>} headers @param {Uint8Array<ArrayBuffer>} body */
async function answer(url, headers, body) {
  try {
    return await fetch(url, {
      method: "POST",
      headers,
      body,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new SessionError("unreachable");
  }
}

/** @param {Response} response @returns {Promise<SessionError>} */
async function refusalOf(response) {
  const retryAfterS = Number(response.headers.get("Retry-After")) || undefined;
  try {
    const { error, name, acr_values: acr, max_age: maxAgeS } = await response.json();
    if (isWord(error)) {
      const demanded = isWord(acr) && Number.isSafeInteger(maxAgeS) && maxAgeS > 0 ? { acr, maxAgeS } : undefined;
      return new SessionError(error, { retryAfterS, shownName: typeof name === "string" ? name : "", demanded });
    }
  } catch {
    // no body of ours: the status speaks
  }
  return new SessionError(response.status >= 500 ? "unavailable" : "unexpected", { retryAfterS });
}

/** @param {unknown} text @returns {text is string} */
function isWord(text) {
  return typeof text === "string" && /^[a-z_]{1,40}$/.test(text);
}
