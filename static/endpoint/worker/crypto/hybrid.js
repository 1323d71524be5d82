/**
 * Hybrid agreement: X25519 and ML-KEM-768, both by the browser's own Web Cryptography, offered only where it has them
 * (docs/protocol.md section 3). Whoever breaks only one of the two learns nothing.
 */

import { concat } from "./bytes.js";
import { MediaKeyError } from "./errors.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/**
 * What of "Modern Algorithms in the Web Cryptography API" is used here; TypeScript does not know it yet.
 *
 * @typedef {{generateKey: (algorithm: {name: string}, extractable: boolean, usages: string[]) => Promise<CryptoKeyPair>,
 *   exportKey: (format: string, key: CryptoKey) => Promise<ArrayBuffer>,
 *   decapsulateBits: (algorithm: {name: string}, key: CryptoKey, ciphertext: Bytes) => Promise<ArrayBuffer>}} KEM
 */

export const HYBRID = "X25519+ML-KEM-768";
const X25519 = { name: "X25519" };
const ML_KEM = { name: "ML-KEM-768" };
const X25519_BYTES = 32;
const CIPHERTEXT_BYTES = 1088;
const SHARED_BYTES = 32;

/**
 * Make both key pairs.
 *
 * @returns {Promise<{alg: "X25519+ML-KEM-768", publicKey: Bytes, privateKey: CryptoKey, kemKey: CryptoKey}>} `publicKey`:
 *   32 bytes of X25519, then 1,184 of ML-KEM-768
 * @throws {Error} the browser lacks one of them
 */
export async function makeHybridKey() {
  const kem = /** @type {KEM} */ (/** @type {unknown} */ (crypto.subtle));
  const [pair, kemPair] = await Promise.all([
    /** @type {Promise<CryptoKeyPair>} */ (crypto.subtle.generateKey(X25519, false, ["deriveBits"])),
    kem.generateKey(ML_KEM, false, ["decapsulateBits"]),
  ]);
  const parts = await Promise.all([crypto.subtle.exportKey("raw", pair.publicKey), kem.exportKey("raw-public", kemPair.publicKey)]);
  const publicKey = concat(...parts.map((part) => new Uint8Array(part)));
  return { alg: HYBRID, publicKey, privateKey: pair.privateKey, kemKey: kemPair.privateKey };
}

/**
 * Agree on the joined secret. Web Cryptography cannot join two keys unseen: their bytes exist here for a moment, and are
 * overwritten. What comes of them, the EKT key, never exists as bytes.
 *
 * @param {{dh: Bytes, privateKey: CryptoKey, kemKey?: CryptoKey}} keys `dh`: the KMF's X25519 key, then the ciphertext
 * @returns {Promise<CryptoKey>} an HKDF key, not extractable
 * @throws {Error} `dh` is no such key, or of low order
 */
export async function agreeHybrid({ dh, privateKey, kemKey }) {
  if (dh.length !== X25519_BYTES + CIPHERTEXT_BYTES || !kemKey) throw new MediaKeyError("agreement_failed");
  const kem = /** @type {KEM} */ (/** @type {unknown} */ (crypto.subtle));
  const peer = await crypto.subtle.importKey("raw", dh.slice(0, X25519_BYTES), X25519, false, []);
  const joined = new Uint8Array(2 * SHARED_BYTES);
  try {
    take(joined, 0, await crypto.subtle.deriveBits({ ...X25519, public: peer }, privateKey, SHARED_BYTES * 8));
    take(joined, SHARED_BYTES, await kem.decapsulateBits(ML_KEM, kemKey, dh.slice(X25519_BYTES)));
    return await crypto.subtle.importKey("raw", joined, "HKDF", false, ["deriveKey"]);
  } finally {
    joined.fill(0);
  }
}

/** Move `secret` into `joined`. @param {Uint8Array} joined @param {number} at @param {ArrayBuffer} secret */
function take(joined, at, secret) {
  const bytes = new Uint8Array(secret);
  joined.set(bytes, at);
  bytes.fill(0);
}
