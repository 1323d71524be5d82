/** A sender key of our own: made once, announced by its tail, used with a counter that never repeats. */

import { concat } from "../crypto/bytes.js";
import { SENDER_KEY_BYTES, SHORT_EKT_FIELD, encodeFullField, encodePlaintext } from "../crypto/ekt_field.js";
import { MediaKeyError } from "../crypto/errors.js";
import { signSenderKey } from "../crypto/identity.js";
import { wrap } from "../crypto/kwp.js";
import { TAG_BYTES, deriveFrameKey, encryptFrame, headerLength, putHeader } from "../crypto/sframe.js";
import { additionalDataOf } from "./encoded_frame.js";
import { keyNumber } from "./kid.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {import("./metadata.js").Track} Track */
/** @typedef {import("./metadata.js").Codec} Codec */
/** @typedef {{kidHigh: number, kidLow: number}} KID */
/** @typedef {{conferenceId: string, suite: number, counterLimit: number, sourceId: number, privateKey: CryptoKey}} Sender */
/** @typedef {import("./source_keys.js").Epoch} Epoch */

export class SenderKey {
  #kid;
  #frameKey;
  #counterLimit;
  #ctr = 0;

  /**
   * @param {{kid: KID, frameKey: import("../crypto/sframe.js").FrameKey, tail: Bytes, expiresAt: number, ektEpoch: number, counterLimit: number}} made
   *   `expiresAt`: ms, monotonic; of its epoch nothing else is kept, least of all the EKT key; `counterLimit`: at most 2^32
   */
  constructor({ kid, frameKey, tail, expiresAt, ektEpoch, counterLimit }) {
    this.#kid = kid;
    this.#frameKey = frameKey;
    this.tail = tail;
    this.expiresAt = expiresAt;
    this.ektEpoch = ektEpoch;
    this.#counterLimit = counterLimit;
  }

  /**
   * Make a sender key: random bytes, wrapped under the EKT key, signed, then forgotten as bytes.
   *
   * @param {Sender} sender
   * @param {Epoch} epoch
   * @param {number} ektEpoch 0 … 65535
   * @returns {Promise<SenderKey>}
   */
  static async make({ conferenceId, suite, counterLimit, sourceId, privateKey }, epoch, ektEpoch) {
    const senderKey = crypto.getRandomValues(new Uint8Array(SENDER_KEY_BYTES));
    const plaintext = encodePlaintext({ senderKey, sourceId });
    try {
      const kid = { kidHigh: sourceId, kidLow: keyNumber(epoch.spi, ektEpoch) };
      const frameKey = await deriveFrameKey({ baseKey: senderKey, ...kid, suite, usage: "encrypt" });
      const ciphertext = await wrap(epoch.ektKey, plaintext);
      const field = encodeFullField({ ciphertext, spi: epoch.spi, ektEpoch });
      const signature = await signSenderKey({ privateKey, conferenceId, field });
      const tail = concat(signature, field);
      return new SenderKey({ kid, frameKey, tail, expiresAt: epoch.expiresAt, ektEpoch, counterLimit });
    } finally {
      senderKey.fill(0);
      plaintext.fill(0);
    }
  }

  /**
   * Begin to protect a frame. The counter is taken before the first wait, so that tracks may share a key.
   *
   * @param {{bytes: Bytes, prefixLength: number, kind: number, track: Track, codec: Codec}} frame of the encoder
   * @param {Uint8Array | null} tail a full one, of this key or of the next; null: Short
   * @returns {{data: Bytes, at: number, ciphertext: Promise<ArrayBuffer>}} `clear prefix ‖ SFrame ‖ tail`, still without the
   *   ciphertext, which belongs at `at`
   * @throws {MediaKeyError} counter_exhausted
   */
  seal({ bytes, prefixLength, kind, track, codec }, tail) {
    if (this.#ctr >= this.#counterLimit) throw new MediaKeyError("counter_exhausted");
    const ctrLow = this.#ctr;
    this.#ctr += 1;
    const header = { kidHigh: this.#kid.kidHigh, kidLow: this.#kid.kidLow, ctrHigh: 0, ctrLow };
    const length = headerLength(header);
    const at = prefixLength + length;
    const end = tail ?? SHORT_EKT_FIELD;
    const tailAt = bytes.length + length + TAG_BYTES;
    const data = new Uint8Array(tailAt + end.length);
    for (let index = 0; index < prefixLength; index += 1) data[index] = bytes[index];
    putHeader(data, prefixLength, header);
    data.set(end, tailAt);
    const additionalData = additionalDataOf({ bytes: data, prefixLength, headerLength: length, kind, track, codec });
    const plaintext = prefixLength === 0 ? bytes : bytes.subarray(prefixLength);
    return { data, at, ciphertext: encryptFrame(this.#frameKey, { ctrHigh: 0, ctrLow, plaintext }, additionalData) };
  }
}
