/**
 * One grant and its access tokens, one for each resource (RFC 8707). The refresh token and token1 never leave the worker.
 * Refreshing is done one after the other: the refresh token rotates, and a second use of one revokes the grant.
 */

import { utf8 } from "../crypto/bytes.js";
import { CLIENT_ID } from "./authorization_request.js";
import { SessionError } from "./errors.js";

const FORM = "application/x-www-form-urlencoded";

/** @typedef {{text: string, expiresAtS: number}} AccessToken `expiresAtS`: by the KMF's clock */

export class Grant {
  #client;
  #origins;
  #refreshToken = "";
  /** Whose grant it is: the account's id. */
  #subject = "";
  /** @type {Map<string, AccessToken>} */
  #tokens = new Map();
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {{client: import("./kmf_http.js").KMFClient, origins: import("./sign_in.js").Origins}} options */
  constructor({ client, origins }) {
    this.#client = client;
    this.#origins = origins;
  }

  get client() {
    return this.#client;
  }

  /**
   * Exchange the authorization code; its token is for the KMF.
   *
   * @param {{code: string, verifier: string}} proofOfRequest
   */
  async exchange({ code, verifier }) {
    const { text } = await this.#request(this.#origins.kmf, {
      grant_type: "authorization_code",
      code,
      redirect_uri: `${this.#origins.kmf}/callback`,
      client_id: CLIENT_ID,
      code_verifier: verifier,
    });
    this.#subject ||= String(readClaims(text).sub);
  }

  /**
   * Ask for the tokens of a room's screen; the first is for the KMF.
   *
   * @param {string} secret of the code that it shows
   * @throws {SessionError} authorization_pending, slow_down, access_denied, expired_token …
   */
  async exchangeDeviceCode(secret) {
    const { text } = await this.#request(this.#origins.kmf, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: secret,
      client_id: CLIENT_ID,
    });
    this.#subject ||= String(readClaims(text).sub);
  }

  /**
   * The same person signed in again under the same DPoP key: go on with the newer grant.
   *
   * @param {{code: string, verifier: string}} proofOfRequest
   * @returns {Promise<void>}
   * @throws {SessionError} sign_in_other: it was somebody else; the earlier grant goes on
   */
  confirm(proofOfRequest) {
    const next = this.#last.then(async () => {
      const { kmf } = this.#origins;
      const [refreshToken, held] = [this.#refreshToken, this.#tokens.get(kmf)];
      await this.exchange(proofOfRequest);
      const confirmed = /** @type {AccessToken} */ (this.#tokens.get(kmf));
      if (readClaims(confirmed.text).sub !== this.#subject) {
        this.#refreshToken = refreshToken;
        if (held) this.#tokens.set(kmf, held);
        else this.#tokens.delete(kmf);
        throw new SessionError("sign_in_other");
      }
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  /**
   * Token for a resource that is good for `leastS` seconds more.
   *
   * @param {string} resource an origin of the grant
   * @param {number} leastS
   * @returns {Promise<AccessToken>}
   * @throws {SessionError} sign_in_expired, denied, unreachable, unavailable
   */
  token(resource, leastS) {
    const next = this.#last.then(() => this.#tokenInTurn(resource, leastS));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** The resource did not take its token, whatever our clock says. @param {string} resource */
  forget(resource) {
    this.#tokens.delete(resource);
  }

  /** @param {string} resource @param {number} leastS @returns {Promise<AccessToken>} */
  async #tokenInTurn(resource, leastS) {
    const held = this.#tokens.get(resource);
    if (held && held.expiresAtS - this.#client.clock.nowS() > leastS) {
      return held;
    }
    const form = { grant_type: "refresh_token", refresh_token: this.#refreshToken, client_id: CLIENT_ID };
    try {
      return await this.#request(resource, form);
    } catch (error) {
      throw asSessionError(error);
    }
  }

  /** @param {string} resource @param {Record<string, string>} form @returns {Promise<AccessToken>} */
  async #request(resource, form) {
    const body = utf8(new URLSearchParams({ ...form, resource }).toString());
    const response = await this.#client.post({ url: `${this.#origins.kmf}/token`, body, contentType: FORM });
    const { access_token: text, token_type: type, expires_in: expiresIn, refresh_token: refreshToken } = await response.json();
    if (typeof text !== "string" || type !== "DPoP" || typeof refreshToken !== "string" || !(expiresIn > 0)) {
      throw new SessionError("unexpected");
    }
    this.#refreshToken = refreshToken;
    const token = { text, expiresAtS: this.#client.clock.nowS() + expiresIn };
    this.#tokens.set(resource, token);
    return token;
  }
}

/**
 * Claims of a token, unverified: only to learn what its reader will learn too.
 *
 * @param {string} token
 * @returns {Record<string, unknown>}
 */
export function readClaims(token) {
  const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (character) => character.charCodeAt(0))));
}

/** @param {unknown} error @returns {unknown} */
function asSessionError(error) {
  const code = error instanceof SessionError ? error.code : "";
  if (code === "invalid_grant" || code === "invalid_token") {
    return new SessionError("sign_in_expired");
  }
  return code === "access_denied" ? new SessionError("denied") : error;
}
