/**
 * Address lists as people type and paste them. The server decides; this is only to show early what it will say.
 */

const SEPARATOR = /[\r\n;]+|,(?![^<\n]*>)/;
const ADDRESS = /^[^\s@<>"',;:]+@[^\s@<>"',;:]+\.[^\s@<>"',;:.]{2,}$/;

/** @param {string} text @returns {string[]} Entries, trimmed, none empty. */
export function splitEntries(text) {
  return text.split(SEPARATOR).map((entry) => entry.trim()).filter((entry) => entry !== '');
}

/** @param {string} entry @returns {string} The address of `Name <address>` or of a bare one, in lower case. */
export function addressOf(entry) {
  const named = /<\s*([^<>\s]+)\s*>\s*$/.exec(entry);
  return (named?.[1] ?? entry).trim().toLowerCase();
}

/** @param {string} entry @returns {boolean} Whether it looks like an address. */
export function looksLikeAddress(entry) {
  const address = addressOf(entry);
  return ADDRESS.test(address) || /^[^\s@]+@localhost$/.test(address);
}
