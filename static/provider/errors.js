/** What ends a stay at the provider; `code` is told to the page. */

export class Gone extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.name = "Gone";
    this.code = code;
  }
}
