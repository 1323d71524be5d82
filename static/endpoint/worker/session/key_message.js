/** The key of a `welcome` or `rekey`: its form, and its way into the media engine. */

import { unwrapEKTKey } from "../crypto/agreement.js";
import { decodeBase64url } from "../crypto/bytes.js";
import { SessionError } from "./errors.js";

const WRAPPED_BYTES = 40;

/** @typedef {{epoch: number, spi: number, keyId: string, wrapped: Uint8Array<ArrayBuffer>, ttlS: number}} KeyMessage */

/**
 * @param {unknown} value
 * @returns {KeyMessage}
 * @throws {SessionError} unexpected
 */
export function readKeyMessage(value) {
  const { epoch, spi, key_id: keyId, key, ttl } = /** @type {Record<string, unknown>} */ (value ?? {});
  if (!isWhole(epoch) || epoch < 1 || spi !== epoch % 65536 || typeof keyId !== "string" || typeof key !== "string" || !isWhole(ttl)) {
    throw new SessionError("unexpected");
  }
  return { epoch, spi, keyId, wrapped: decodeBase64url(key, WRAPPED_BYTES), ttlS: ttl };
}

/**
 * Open the key for this endpoint.
 *
 * @param {{message: KeyMessage, admission: import("./key_request.js").Admission, conference: string, jkt: string}} options
 * @returns {Promise<CryptoKey>}
 */
export function openKey({ message, admission, conference, jkt }) {
  const { spi, keyId, wrapped } = message;
  return unwrapEKTKey({ member: admission.member, wrapped, conferenceId: conference, keyId, spi, jkt });
}

/** @param {unknown} value @returns {value is number} */
function isWhole(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
