/** The verification code that people read to each other (docs/protocol.md section 4). */

import { concat, decodeBase64url, u16, u32, utf8 } from "../crypto/bytes.js";

const LABEL = "conclave/1 verification code";
const GROUPS = 6;
const BYTES_OF_GROUP = 5;

/**
 * 30 digits in six groups of five.
 *
 * @param {{head: string, spi: number, entries: Iterable<{sourceId: number, identityKey: Uint8Array}>}} roster
 * @returns {Promise<string[]>}
 */
export async function verificationCode({ head, spi, entries }) {
  const rising = [...entries].sort((one, other) => one.sourceId - other.sourceId);
  const endpoints = rising.flatMap((entry) => [u32(entry.sourceId), entry.identityKey]);
  const text = concat(utf8(LABEL), decodeBase64url(head, 32), u16(spi), ...endpoints);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", text));
  return Array.from({ length: GROUPS }, (_, group) => fiveDigits(digest.subarray(group * BYTES_OF_GROUP)));
}

/** @param {Uint8Array} bytes the first five count @returns {string} */
function fiveDigits(bytes) {
  // 40 bits fit a number exactly.
  const number = bytes.subarray(0, BYTES_OF_GROUP).reduce((sum, byte) => sum * 256 + byte, 0);
  return String(number % 100000).padStart(5, "0");
}
