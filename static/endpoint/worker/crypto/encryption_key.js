/** The Encryption-Key header that carries an EKT key ([PERC] 6.3, docs/protocol.md section 3, draft-thomson-http-encryption). */

import { decodeBase64url } from "./bytes.js";
import { MediaKeyError } from "./errors.js";

/**
 * @typedef {object} EncryptionKey
 * @property {string} keyId KeyID, 22 characters
 * @property {Uint8Array<ArrayBuffer>} dh the KMF's public key: 32 bytes (X25519), 65 (P-256), or 32 and a KEM ciphertext of 1,088
 * @property {Uint8Array<ArrayBuffer>} wrapped the EKT key wrapped by AES-256-KW, 40 bytes
 * @property {number} spi 0 … 65535
 * @property {number} ttl seconds, 1 … 2^24-1 (the width of ekt_ttl in RFC 8870)
 */

const NAMES = ["keyid", "dh", "key", "usage", "spi", "ttl"];
const PARAMETER = /^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:"([^"\\\x00-\x08\x0a-\x1f\x7f]*)"|([!#$%&'*+\-.^_`|~0-9A-Za-z]+))[ \t]*(?:;|$)/;

/**
 * Parse the header of a key answer. Every parameter stands exactly once, in any order; nothing else is taken.
 *
 * @param {string} header
 * @returns {EncryptionKey}
 * @throws {MediaKeyError} encryption_key_syntax, encryption_key_duplicate, encryption_key_unknown, encryption_key_missing,
 *   encryption_key_usage (not an EKT key), encryption_key_value (wrong length, range or encoding)
 */
export function parseEncryptionKey(header) {
  const values = parseParameters(header);
  for (const name of values.keys()) if (!NAMES.includes(name)) throw new MediaKeyError("encryption_key_unknown");
  /** @param {string} name */
  const value = (name) => values.get(name) ?? refuse("encryption_key_missing");
  const [keyId, dh, key, usage, spi, ttl] = NAMES.map(value);
  if (usage !== "EKT") throw new MediaKeyError("encryption_key_usage");
  const parsed = {
    keyId,
    dh: decodeBytes(dh, [32, 65, 1120]),
    wrapped: decodeBytes(key, [40]),
    spi: decodeNumber(spi, 0, 0xffff),
    ttl: decodeNumber(ttl, 1, 0xffffff),
  };
  decodeBytes(keyId, [16]);
  return parsed;
}

/** @param {string} header @returns {Map<string, string>} */
function parseParameters(header) {
  const values = new Map();
  let rest = header;
  do {
    const match = PARAMETER.exec(rest);
    if (match === null) throw new MediaKeyError("encryption_key_syntax");
    const name = match[1].toLowerCase();
    if (values.has(name)) throw new MediaKeyError("encryption_key_duplicate");
    values.set(name, match[2] ?? match[3]);
    rest = rest.slice(match[0].length);
    if (rest === "" && match[0].endsWith(";")) throw new MediaKeyError("encryption_key_syntax");
  } while (rest !== "");
  return values;
}

/** @param {string} text @param {number[]} lengths @returns {Uint8Array<ArrayBuffer>} */
function decodeBytes(text, lengths) {
  try {
    const bytes = decodeBase64url(text);
    if (lengths.includes(bytes.length)) return bytes;
  } catch {
    // Refused below like a wrong length.
  }
  return refuse("encryption_key_value");
}

/** @param {string} text @param {number} least @param {number} most @returns {number} */
function decodeNumber(text, least, most) {
  const value = /^(0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : -1;
  return value >= least && value <= most ? value : refuse("encryption_key_value");
}

/** @param {string} code @returns {never} */
function refuse(code) {
  throw new MediaKeyError(code);
}
