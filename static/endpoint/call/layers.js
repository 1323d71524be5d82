/**
 * Which layer of each camera we are sent: by the size at which it is shown, and by what the line carries. The choice is ours;
 * that a layer comes later, or another one, costs sharpness and nothing else.
 */

const LOW = 0;
const BEST = 2;
/** Pixels of the screen; a picture shown no higher than this does not need more than the low layer. */
const SMALL_HEIGHT = 200;
const LOOK_MS = 2_000;
/** What happens together is asked for together. */
const GATHER_MS = 150;
/** Of the packets of two looks in a row: then the line is too narrow for the best layer. */
const POOR_LOSS = 0.08;
const GOOD_LOSS = 0.02;
const POOR_LOOKS = 2;
const GOOD_LOOKS = 6;

/**
 * @typedef {{id: string, mid: string, receiver: RTCRtpReceiver}} Shown
 * @typedef {{height: number, layer: number | null, lost: number, received: number, poor: number, good: number, narrow: boolean}} Choice
 */

export class LayerChoice {
  #options;
  /** @type {Map<string, Choice>} by id */
  #choices = new Map();
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #gathering = undefined;

  /** @param {{shown: () => Shown[], send: (streams: {mid: string, layer: number}[]) => void}} options `shown`: video that is received now */
  constructor(options) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
  }

  /** @param {string} id of the receiver's transform @param {number} height pixels of the screen */
  setHeight(id, height) {
    this.#choiceOf(id).height = height;
    this.choose();
  }

  /** Ask for what changed, soon. */
  choose() {
    this.#gathering ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  #tell() {
    this.#gathering = undefined;
    const changed = [];
    for (const { id, mid } of this.#forget()) {
      const choice = this.#choiceOf(id);
      const layer = choice.narrow || choice.height <= SMALL_HEIGHT ? LOW : BEST;
      // A section that held another stream before goes on with that one's layer, so the first choice is always told.
      if (layer !== choice.layer) changed.push({ mid, layer });
      choice.layer = layer;
    }
    if (changed.length > 0) this.#options.send(changed);
  }

  /** Streams that are there; what was known of others is dropped. */
  #forget() {
    const shown = this.#options.shown();
    const there = new Set(shown.map(({ id }) => id));
    for (const id of this.#choices.keys()) if (!there.has(id)) this.#choices.delete(id);
    return shown;
  }

  /** @param {string} id @returns {Choice} */
  #choiceOf(id) {
    const known = this.#choices.get(id);
    if (known) return known;
    const fresh = { height: Infinity, layer: null, lost: 0, received: 0, poor: 0, good: 0, narrow: false };
    this.#choices.set(id, fresh);
    return fresh;
  }

  async #look() {
    for (const { id, receiver } of this.#forget()) {
      const stats = await receiver.getStats().catch(() => null);
      stats?.forEach((one) => one.type === "inbound-rtp" && weigh(this.#choiceOf(id), one.packetsLost, one.packetsReceived));
    }
    this.choose();
  }
}

/** @param {Choice} choice @param {number} lost so far @param {number} received so far */
export function weigh(choice, lost, received) {
  const newlyLost = Math.max(0, lost - choice.lost);
  const all = newlyLost + Math.max(0, received - choice.received);
  choice.lost = lost;
  choice.received = received;
  if (all === 0) return;
  choice.poor = newlyLost / all > POOR_LOSS ? choice.poor + 1 : 0;
  choice.good = newlyLost / all < GOOD_LOSS ? choice.good + 1 : 0;
  if (choice.poor >= POOR_LOOKS) choice.narrow = true;
  else if (choice.good >= GOOD_LOOKS) choice.narrow = false;
}
