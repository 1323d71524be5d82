/** DPoP: each request proves that it comes from the endpoint that signed in (RFC 9449; docs/protocol.md section 2). */

import { concat, encodeBase64url, utf8 } from "../crypto/bytes.js";

const ALGORITHM = Object.freeze({ name: "ECDSA", namedCurve: "P-256" });
const SIGNATURE = Object.freeze({ name: "ECDSA", hash: "SHA-256" });
const JTI_BYTES = 16;

/** @typedef {{kty: string, crv: string, x: string, y: string}} PublicJWK */
/** @typedef {{method: string, url: string, token?: string, body?: Uint8Array, nowS: number, nonce?: string}} ProofOf */

/** Make a key pair whose private half no script can read. @returns {Promise<CryptoKeyPair>} */
export function makeDPoPKeyPair() {
  return crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
}

export class DPoPKey {
  #privateKey;
  #jwk;

  /**
   * @param {CryptoKey} privateKey
   * @param {PublicJWK} jwk
   * @param {string} jkt thumbprint (RFC 7638), 43 characters
   */
  constructor(privateKey, jwk, jkt) {
    this.#privateKey = privateKey;
    this.#jwk = jwk;
    this.jkt = jkt;
  }

  /** @param {CryptoKeyPair} keyPair */
  static async of({ privateKey, publicKey }) {
    const { kty = "", crv = "", x = "", y = "" } = await crypto.subtle.exportKey("jwk", publicKey);
    // The thumbprint's members stand in alphabetical order.
    const thumbprint = await hash(utf8(JSON.stringify({ crv, kty, x, y })));
    return new DPoPKey(privateKey, { kty, crv, x, y }, thumbprint);
  }

  /**
   * Proof for one request.
   *
   * @param {ProofOf} request `url` without query and fragment; `body` only where the request calls for `kah`;
   *   `nonce` of the server, where it asked for one
   * @returns {Promise<string>} compact JWT
   */
  async proof({ method, url, token, body, nowS, nonce }) {
    const jti = encodeBase64url(crypto.getRandomValues(new Uint8Array(JTI_BYTES)));
    /** @type {Record<string, unknown>} */
    const claims = { jti, htm: method, htu: url, iat: nowS };
    if (token !== undefined) {
      claims.ath = await hash(utf8(token));
    }
    if (body !== undefined) {
      claims.kah = await hash(body);
    }
    if (nonce !== undefined) {
      claims.nonce = nonce;
    }
    return this.#sign({ typ: "dpop+jwt", alg: "ES256", jwk: this.#jwk }, claims);
  }

  /** @param {object} header @param {object} claims */
  async #sign(header, claims) {
    const signed = `${encodeBase64url(utf8(JSON.stringify(header)))}.${encodeBase64url(utf8(JSON.stringify(claims)))}`;
    const signature = await crypto.subtle.sign(SIGNATURE, this.#privateKey, utf8(signed));
    return `${signed}.${encodeBase64url(new Uint8Array(signature))}`;
  }
}

/**
 * base64url of SHA-256.
 *
 * @param {Uint8Array} bytes
 * @returns {Promise<string>} 43 characters
 */
export async function hash(bytes) {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", concat(bytes))));
}
