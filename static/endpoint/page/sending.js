/** Is anything of ours being sent, locked? What the worker counted says so, not what the buttons say. */

/** Transform ids of what we send begin with this (call/publisher.js). */
const SENDING = "send-";

export class Sending {
  #ok = -1;

  /**
   * @param {Record<string, {ok: number}>} counters by transform id
   * @returns {boolean} whether frames were locked since the last time
   */
  look(counters) {
    const ok = Object.entries(counters).reduce((sum, [id, counter]) => (id.startsWith(SENDING) ? sum + counter.ok : sum), 0);
    const isSending = ok > this.#ok && ok > 0;
    this.#ok = ok;
    return isSending;
  }
}
