/** Errors of the roster: a statement that does not verify, or a history that does not fit. */

/**
 * Codes:
 *   statement_invalid   form, signature, label or conference is wrong
 *   statement_expired   it was true once, but says nothing about the present
 *   rolled_back         older than what is already held
 *   gap                 something in between is missing: ask for the state anew
 *   fork                two histories under one signature: stop
 */
export class RosterError extends Error {
  /** @param {"statement_invalid"|"statement_expired"|"rolled_back"|"gap"|"fork"} code */
  constructor(code) {
    super(code);
    this.name = "RosterError";
    this.code = code;
  }
}
