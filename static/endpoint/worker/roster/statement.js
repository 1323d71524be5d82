/**
 * Signed statements: the bytes are verified, then parsed (docs/protocol.md section 4).
 * Nothing in here decides whether a statement fits what came before; that is chain.js.
 */

import { concat, decodeBase64url, utf8 } from "../crypto/bytes.js";
import { RosterError } from "./errors.js";

export const LABELS = Object.freeze({
  roster: "conclave/1 roster",
  current: "conclave/1 current",
  policy: "conclave/1 policy",
});

/** @typedef {{members: Record<string, unknown>, bytes: Uint8Array}} VerifiedStatement */

/**
 * Import the KMF's statement key.
 *
 * @param {string} rosterKey base64url of 32 bytes, from the endpoint page
 * @returns {Promise<CryptoKey>}
 */
export function importStatementKey(rosterKey) {
  return crypto.subtle.importKey("raw", decodeBase64url(rosterKey, 32), "Ed25519", false, ["verify"]);
}

/**
 * Verify one statement.
 *
 * @param {unknown} message `{body, signature}` as it came
 * @param {{key: CryptoKey, label: string, conference: string}} expected
 * @returns {Promise<VerifiedStatement>}
 * @throws {RosterError} statement_invalid
 */
export async function verifyStatement(message, { key, label, conference }) {
  const { body, signature } = statementBytes(message);
  const signed = concat(utf8(label), body);
  if (!(await crypto.subtle.verify("Ed25519", key, signature, signed))) {
    throw new RosterError("statement_invalid");
  }
  const members = parseObject(body);
  if (members.conference !== conference) {
    throw new RosterError("statement_invalid");
  }
  return { members, bytes: body };
}

/**
 * @param {unknown} message
 * @returns {{body: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>}}
 */
function statementBytes(message) {
  const { body, signature, ...others } = /** @type {{body?: unknown, signature?: unknown}} */ (message ?? {});
  if (typeof body !== "string" || typeof signature !== "string" || Object.keys(others).length > 0) {
    throw new RosterError("statement_invalid");
  }
  try {
    return { body: decodeBase64url(body), signature: decodeBase64url(signature, 64) };
  } catch {
    throw new RosterError("statement_invalid");
  }
}

/**
 * A body that is not the one text of its members is refused: one with a member twice, white space or a needless escape could
 * say one thing to this parser and another to the next.
 *
 * @param {Uint8Array} bytes
 * @returns {Record<string, unknown>}
 */
function parseObject(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value) && JSON.stringify(value) === text) {
      return value;
    }
  } catch {
    // falls through to the refusal
  }
  throw new RosterError("statement_invalid");
}
