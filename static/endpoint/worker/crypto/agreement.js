/**
 * Key agreement with the KMF, ending in an EKT key that is a non-extractable CryptoKey (docs/protocol.md section 3).
 *
 * No step has key bytes in JavaScript: agreement key → shared secret (an HKDF key) → KEK (AES-KW) → EKT key (AES-CBC,
 * the form that kwp.js needs). The hybrid alone joins two shared secrets as bytes on the way (hybrid.js). The HKDF key with its salt is the member secret: it opens the keys of later epochs too.
 */

import { concat, lp, u16, utf8 } from "./bytes.js";
import { MediaKeyError } from "./errors.js";
import { agreeHybrid, HYBRID, makeHybridKey } from "./hybrid.js";
import { EKT_KEY_LABEL } from "./labels.js";

export { parseEncryptionKey } from "./encryption_key.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {"X25519" | "P-256" | "X25519+ML-KEM-768"} Alg */
/** @typedef {{alg: Alg, publicKey: Bytes, privateKey: CryptoKey, kemKey?: CryptoKey}} AgreementKey `publicKey` is raw */
/** @typedef {{secret: CryptoKey, salt: Bytes}} Member the member secret: HKDF input and its salt, not extractable */

const ALGORITHMS = { X25519: { name: "X25519" }, "P-256": { name: "ECDH", namedCurve: "P-256" } };

/**
 * Make this endpoint's agreement key: the hybrid where the browser has ML-KEM, else X25519, else P-256.
 *
 * @param {Alg[]} [algs] in order of preference
 * @returns {Promise<AgreementKey>}
 * @throws {MediaKeyError} agreement_failed where the browser has none of them
 */
export async function makeAgreementKey(algs = [HYBRID, "X25519", "P-256"]) {
  for (const alg of algs) {
    try {
      if (alg === HYBRID) return await makeHybridKey();
      const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(ALGORITHMS[alg], false, ["deriveKey"]));
      const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
      return { alg, publicKey, privateKey: pair.privateKey };
    } catch {
      // Not in this browser: the next one.
    }
  }
  throw new MediaKeyError("agreement_failed");
}

/**
 * Agree on the member secret with the KMF's public key.
 *
 * @param {{dh: Bytes, agreementKey: AgreementKey}} keys `dh` raw, of the agreement key's algorithm
 * @returns {Promise<Member>}
 * @throws {MediaKeyError} agreement_failed: `dh` is no such key, or of low order
 */
export async function deriveMember({ dh, agreementKey }) {
  const { alg, publicKey, privateKey, kemKey } = agreementKey;
  const salt = new Uint8Array(await crypto.subtle.digest("SHA-256", concat(dh, publicKey)));
  try {
    if (alg === HYBRID) return { secret: await agreeHybrid({ dh, privateKey, kemKey }), salt };
    const peer = await crypto.subtle.importKey("raw", dh, ALGORITHMS[alg], false, []);
    const agreed = { name: ALGORITHMS[alg].name, public: peer };
    const secret = await crypto.subtle.deriveKey(agreed, privateKey, "HKDF", false, ["deriveKey"]);
    return { secret, salt };
  } catch {
    throw new MediaKeyError("agreement_failed");
  }
}

/**
 * Open a wrapped EKT key of this member, from a key answer or a rekey.
 *
 * @param {{member: Member, wrapped: Bytes, conferenceId: string, keyId: string, spi: number, jkt: string}} release
 *   `wrapped` 40 bytes; `jkt` the thumbprint of the endpoint's DPoP key
 * @returns {Promise<CryptoKey>} the EKT key, AES-CBC 256, not extractable
 * @throws {MediaKeyError} unwrap_failed: wrapped for somebody or something else, or damaged
 */
export async function unwrapEKTKey({ member, wrapped, conferenceId, keyId, spi, jkt }) {
  const info = concat(utf8(EKT_KEY_LABEL), lp(conferenceId), lp(keyId), u16(spi), lp(jkt));
  const derivation = { name: "HKDF", hash: "SHA-256", salt: member.salt, info };
  const kek = await crypto.subtle.deriveKey(derivation, member.secret, { name: "AES-KW", length: 256 }, false, ["unwrapKey"]);
  try {
    const cipher = { name: "AES-CBC", length: 256 };
    const key = await crypto.subtle.unwrapKey("raw", wrapped, kek, "AES-KW", cipher, false, ["encrypt", "decrypt"]);
    if (/** @type {AesKeyAlgorithm} */ (key.algorithm).length !== 256) throw new MediaKeyError("unwrap_failed");
    return key;
  } catch {
    throw new MediaKeyError("unwrap_failed");
  }
}
