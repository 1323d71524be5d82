/** The AES-CTR-HMAC suites of RFC 9605 for its vectors; the product does not speak them. */

import { concat, u16, u32, utf8 } from "/worker/crypto/bytes.js";
import { SFRAME_KEY_LABEL, SFRAME_SALT_LABEL } from "/worker/crypto/labels.js";
import { headerLength, putHeader } from "/worker/crypto/sframe.js";

const SUITES = {
  1: { keyBytes: 16, tagBytes: 10, hash: "SHA-256", hashBytes: 32 },
  2: { keyBytes: 16, tagBytes: 8, hash: "SHA-256", hashBytes: 32 },
  3: { keyBytes: 16, tagBytes: 4, hash: "SHA-256", hashBytes: 32 },
  6: { keyBytes: 32, tagBytes: 10, hash: "SHA-512", hashBytes: 64 },
  7: { keyBytes: 32, tagBytes: 8, hash: "SHA-512", hashBytes: 64 },
  8: { keyBytes: 32, tagBytes: 4, hash: "SHA-512", hashBytes: 64 },
};

const halves = (value) => [Number(value >> 32n), Number(value & 0xffffffffn)];
const u64 = (value) => concat(...halves(value).map(u32));

/** @param {bigint} kid @param {bigint} ctr */
export function encodeHeader(kid, ctr) {
  const [[kidHigh, kidLow], [ctrHigh, ctrLow]] = [halves(kid), halves(ctr)];
  const header = { kidHigh, kidLow, ctrHigh, ctrLow };
  const bytes = new Uint8Array(headerLength(header));
  putHeader(bytes, 0, header);
  return bytes;
}

/** @returns {Promise<Uint8Array>} ciphertext and tag */
export async function seal({ suite, key, nonce, aad, plaintext }) {
  const { keyBytes, tagBytes, hash } = SUITES[suite];
  const encKey = await crypto.subtle.importKey("raw", key.subarray(0, keyBytes), "AES-CTR", false, ["encrypt"]);
  const authKey = await crypto.subtle.importKey("raw", key.subarray(keyBytes), { name: "HMAC", hash }, false, ["sign"]);
  const counter = concat(nonce, new Uint8Array(4));
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 32 }, encKey, plaintext));
  const lengths = [aad.length, ciphertext.length, tagBytes].map((length) => u64(BigInt(length)));
  const tag = await crypto.subtle.sign("HMAC", authKey, concat(...lengths, nonce, aad, ciphertext));
  return concat(ciphertext, new Uint8Array(tag, 0, tagBytes));
}

/** @returns {Promise<Uint8Array>} header, ciphertext and tag */
export async function encryptFrame({ suite, baseKey, kid, ctr, metadata, plaintext }) {
  const { keyBytes, hash, hashBytes } = SUITES[suite];
  const input = await crypto.subtle.importKey("raw", baseKey, "HKDF", false, ["deriveBits"]);
  const expand = async (label, bytes) => {
    const info = concat(utf8(label), u64(kid), u16(suite));
    return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash, salt: new Uint8Array(0), info }, input, bytes * 8));
  };
  const key = await expand(SFRAME_KEY_LABEL, keyBytes + hashBytes);
  const nonce = await expand(SFRAME_SALT_LABEL, 12);
  u64(ctr).forEach((byte, index) => (nonce[4 + index] ^= byte));
  const header = encodeHeader(kid, ctr);
  return concat(header, await seal({ suite, key, nonce, aad: concat(header, metadata), plaintext }));
}
