/** An endpoint's Ed25519 identity key: it says whose sender key a FullEKTField announces (docs/protocol.md section 6). */

import { concat, utf8 } from "./bytes.js";
import { MediaKeyError } from "./errors.js";
import { SENDER_KEY_LABEL } from "./labels.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** @returns {Promise<CryptoKeyPair>} the private key is not extractable */
export async function makeIdentityKey() {
  return /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]));
}

/** @param {CryptoKeyPair} identityKeys @returns {Promise<Bytes>} the raw public key, 32 bytes */
export async function exportIdentityKey(identityKeys) {
  return new Uint8Array(await crypto.subtle.exportKey("raw", identityKeys.publicKey));
}

/** @param {Bytes} publicKey raw, 32 bytes @returns {Promise<CryptoKey>} */
export async function importIdentityKey(publicKey) {
  return crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
}

/**
 * Sign a FullEKTField.
 *
 * @param {{privateKey: CryptoKey, conferenceId: string, field: Uint8Array}} statement `field` 63 bytes
 * @returns {Promise<Bytes>} 64 bytes
 */
export async function signSenderKey({ privateKey, conferenceId, field }) {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, statementBytes(conferenceId, field)));
}

/**
 * Check who signed a FullEKTField.
 *
 * @param {{publicKey: CryptoKey, conferenceId: string, field: Uint8Array, signature: Bytes}} statement
 * @throws {MediaKeyError} ekt_signature
 */
export async function checkSenderKey({ publicKey, conferenceId, field, signature }) {
  const valid = await crypto.subtle.verify("Ed25519", publicKey, signature, statementBytes(conferenceId, field));
  if (!valid) throw new MediaKeyError("ekt_signature");
}

/** @param {string} conferenceId @param {Uint8Array} field */
function statementBytes(conferenceId, field) {
  return concat(utf8(SENDER_KEY_LABEL), utf8(conferenceId), field);
}
