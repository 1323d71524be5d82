/**
 * The one error of key and frame processing. A code is permanent and safe to show; messages never hold input.
 *
 * Encryption-Key header  encryption_key_syntax, _duplicate, _unknown, _missing, _usage, _value
 * key agreement          agreement_failed (foreign or low-order public key), unwrap_failed (AES-KW)
 * EKT field              ekt_empty, ekt_type, ekt_length, ekt_spi, ekt_epoch, ekt_signature, ekt_rate, ekt_unwrap,
 *                        ekt_key_length, ekt_ssrc, ekt_roc
 * SFrame                 sframe_header, sframe_suite, sframe_authentication
 * frames                 frame_too_short, replayed, unknown_kid, key_ended, not_in_roster, own_source,
 *                        duplicate_source, overflow, no_key, sending_stopped, counter_exhausted, transform_failed
 * encoding               base64url
 */
export class MediaKeyError extends Error {
  /** @param {string} code one of the codes above */
  constructor(code) {
    super(code);
    this.name = "MediaKeyError";
    this.code = code;
  }
}

/**
 * The code of any error: ours, or the given one for an error of the platform.
 *
 * @param {unknown} error
 * @param {string} otherwise
 * @returns {string}
 */
export function codeOf(error, otherwise) {
  return error instanceof MediaKeyError ? error.code : otherwise;
}
