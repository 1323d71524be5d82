/** Errors of a call. `code` is stable; nothing of the input is in the message. */

export class CallError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.name = "CallError";
    this.code = code;
  }
}
