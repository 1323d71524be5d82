/**
 * AES key wrap with padding (RFC 5649) under a key whose bytes nobody here has.
 *
 * WebCrypto has no KWP, and a non-extractable key allows no block cipher of our own. AES-CBC gives single blocks:
 * with a zero IV the first block of its output is the raw cipher's. To decrypt a block, two fixed blocks follow it
 * whose last one decrypts to nothing but padding (made once a call), so each step costs one call. CBC decrypts each
 * block for itself, so that many values of one length are unwrapped in the steps of one.
 */

import { concat, equalBytes, readU32, u32 } from "./bytes.js";
import { MediaKeyError } from "./errors.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

const BLOCK = 16;
const HALF = 8;
const ZERO_BLOCK = new Uint8Array(BLOCK);
const INITIAL_VALUE = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6); // RFC 5649 section 3
const CBC = { name: "AES-CBC", iv: ZERO_BLOCK };

/** @param {CryptoKey} key @param {Bytes} block @returns {Promise<Bytes>} 16 bytes */
async function encryptBlock(key, block) {
  return new Uint8Array(await crypto.subtle.encrypt(CBC, key, block), 0, BLOCK);
}

/**
 * Wrap `plaintext` under `key`.
 *
 * @param {CryptoKey} key AES-CBC, may be non-extractable, usage encrypt
 * @param {Bytes} plaintext 1 byte or more
 * @returns {Promise<Bytes>} 8 bytes more than `plaintext` padded to a multiple of 8
 */
export async function wrap(key, plaintext) {
  const count = Math.ceil(plaintext.length / HALF);
  const registers = new Uint8Array((count + 1) * HALF);
  registers.set(INITIAL_VALUE);
  registers.set(u32(plaintext.length), 4);
  registers.set(plaintext, HALF);
  if (count === 1) return encryptBlock(key, registers);
  for (let step = 1; step <= 6 * count; step += 1) {
    const at = (((step - 1) % count) + 1) * HALF;
    const block = concat(registers.subarray(0, HALF), registers.subarray(at, at + HALF));
    const turned = await encryptBlock(key, block);
    mixStep(turned, step);
    registers.set(turned.subarray(0, HALF));
    registers.set(turned.subarray(HALF), at);
  }
  return registers;
}

/**
 * Unwrap one value.
 *
 * @param {CryptoKey} key AES-CBC, usages encrypt and decrypt
 * @param {Bytes} wrapped 16 bytes or more, a multiple of 8
 * @returns {Promise<Bytes>}
 * @throws {MediaKeyError} unwrap_failed
 */
export async function unwrap(key, wrapped) {
  const [plaintext] = await unwrapAll(key, [wrapped]);
  if (plaintext === null) throw new MediaKeyError("unwrap_failed");
  return plaintext;
}

/**
 * Unwrap several values of one length in the number of calls that one takes.
 *
 * @param {CryptoKey} key AES-CBC, usages encrypt and decrypt
 * @param {Bytes[]} wrapped at least one; all of one length, 16 bytes or more, a multiple of 8
 * @returns {Promise<(Bytes | null)[]>} null where a value is not authentic
 * @throws {MediaKeyError} unwrap_failed where a length is impossible
 */
export async function unwrapAll(key, wrapped) {
  const length = wrapped[0].length;
  const count = length / HALF - 1;
  if (length < BLOCK || length % HALF !== 0 || wrapped.some((value) => value.length !== length)) {
    throw new MediaKeyError("unwrap_failed");
  }
  const ending = concat(ZERO_BLOCK, await encryptBlock(key, new Uint8Array(BLOCK).fill(BLOCK)));
  const registers = wrapped.map((value) => value.slice());
  if (count === 1) return (await decryptBlocks(key, registers, ending)).map(openPadding);
  for (let step = 6 * count; step >= 1; step -= 1) {
    const at = (((step - 1) % count) + 1) * HALF;
    const blocks = registers.map((value) => concat(value.subarray(0, HALF), value.subarray(at, at + HALF)));
    for (const block of blocks) mixStep(block, step);
    const turned = await decryptBlocks(key, blocks, ending);
    turned.forEach((block, index) => {
      registers[index].set(block.subarray(0, HALF));
      registers[index].set(block.subarray(HALF), at);
    });
  }
  return registers.map(openPadding);
}

/**
 * Decrypt single blocks in one call.
 *
 * @param {CryptoKey} key
 * @param {Bytes[]} blocks 16 bytes each
 * @param {Bytes} ending two blocks, the last of which CBC decrypts to a whole block of padding
 * @returns {Promise<Bytes[]>}
 */
async function decryptBlocks(key, blocks, ending) {
  const chain = concat(...blocks, ending);
  const opened = new Uint8Array(await crypto.subtle.decrypt(CBC, key, chain));
  return blocks.map((_, index) => {
    const block = opened.slice(index * BLOCK, (index + 1) * BLOCK);
    if (index > 0) blocks[index - 1].forEach((byte, position) => (block[position] ^= byte));
    return block;
  });
}

/** A ^= step, the 64-bit step number of RFC 3394 section 2.2. @param {Bytes} block @param {number} step */
function mixStep(block, step) {
  u32(step).forEach((byte, index) => (block[4 + index] ^= byte));
}

/** Check the initial value and take the padding off (RFC 5649 section 3). @param {Bytes} registers @returns {Bytes | null} */
function openPadding(registers) {
  const length = readU32(registers, 4);
  const padded = registers.subarray(HALF);
  const fits = length > padded.length - HALF && length <= padded.length;
  const authentic = equalBytes(registers.subarray(0, 4), INITIAL_VALUE) && fits && padded.subarray(length).every((byte) => byte === 0);
  const plaintext = authentic ? padded.slice(0, length) : null;
  registers.fill(0);
  return plaintext;
}
