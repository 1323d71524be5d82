/** A sender key of our own: made once, announced by its tail, used with a counter that never repeats. */

import { concat } from "../crypto/bytes.js";
import { SENDER_KEY_BYTES, SHORT_EKT_FIELD, encodeFullField, encodePlaintext } from "../crypto/ekt_field.js";
import { MediaKeyError } from "../crypto/errors.js";
import { signSenderKey } from "../crypto/identity.js";
import { wrap } from "../crypto/kwp.js";
import { deriveFrameKey, encodeHeader, encryptFrame } from "../crypto/sframe.js";
import { joinEncoded } from "./encoded_frame.js";
import { makeKID } from "./kid.js";

/** @typedef {import("../crypto/bytes.js").Bytes} Bytes */
/** @typedef {{conferenceId: string, suite: number, counterLimit: bigint, sourceId: number, privateKey: CryptoKey}} Sender */
/** @typedef {import("./source_keys.js").Epoch} Epoch */

export class SenderKey {
  #frameKey;
  #counterLimit;
  #ctr = 0n;

  /**
   * @param {{frameKey: import("../crypto/sframe.js").FrameKey, tail: Bytes, expiresAt: number, ektEpoch: number, counterLimit: bigint}} made
   *   `expiresAt`: ms, monotonic; of its epoch nothing else is kept, least of all the EKT key
   */
  constructor({ frameKey, tail, expiresAt, ektEpoch, counterLimit }) {
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
      const kid = makeKID(sourceId, epoch.spi, ektEpoch);
      const frameKey = await deriveFrameKey({ baseKey: senderKey, kid, suite, usage: "encrypt" });
      const ciphertext = await wrap(epoch.ektKey, plaintext);
      const field = encodeFullField({ ciphertext, spi: epoch.spi, ektEpoch });
      const signature = await signSenderKey({ privateKey, conferenceId, field });
      return new SenderKey({ frameKey, tail: concat(signature, field), expiresAt: epoch.expiresAt, ektEpoch, counterLimit });
    } finally {
      senderKey.fill(0);
      plaintext.fill(0);
    }
  }

  /**
   * Protect a frame. The counter is taken before the first wait, so that tracks may share a key.
   *
   * @param {{prefix: Uint8Array, plaintext: Bytes, metadata: Uint8Array}} frame
   * @param {Uint8Array | null} tail a full one, of this key or of the next; null: Short
   * @returns {Promise<Bytes>}
   * @throws {MediaKeyError} counter_exhausted
   */
  async protect({ prefix, plaintext, metadata }, tail) {
    if (this.#ctr >= this.#counterLimit) throw new MediaKeyError("counter_exhausted");
    const ctr = this.#ctr;
    this.#ctr += 1n;
    const header = encodeHeader(this.#frameKey.kid, ctr);
    const ciphertext = await encryptFrame(this.#frameKey, { header, ctr, metadata, plaintext });
    return joinEncoded({ prefix, header, ciphertext, tail: tail ?? SHORT_EKT_FIELD });
  }
}
