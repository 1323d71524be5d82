/** Hexadecimal, which only the vectors use. */

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Uint8Array} bytes @returns {string} */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {Uint8Array} bytes 32 @returns {Promise<CryptoKey>} the form of an EKT key */
export const importCBC = (bytes) => crypto.subtle.importKey("raw", bytes, "AES-CBC", false, ["encrypt", "decrypt"]);
