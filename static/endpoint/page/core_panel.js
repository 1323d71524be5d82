/**
 * The core application's frame beside the call (DESIGN section 9). It is another origin, on which a foreign script is assumed:
 * it gets a token for its own data and a proof for one request, and may say one word, "again". The first other word, or more
 * of them than a person presses buttons, ends the line.
 */

import { byId, fromTemplate } from "./elements.js";

const ASK_MS = 200;
const ANSWER_MS = 10_000;
const LEAST_MS = 1_000;
const MOST_AGAIN = 100;

/** @typedef {import("./worker_port.js").WorkerPort} WorkerPort */

export class CorePanel {
  #port;
  #origin;
  /** @type {MessagePort | null} */
  #line = null;
  #over = new AbortController();
  #asked = 0;
  #at = -Infinity;

  /** @param {{port: WorkerPort, origin: string}} options `origin`: of the core application */
  constructor({ port, origin }) {
    this.#port = port;
    this.#origin = origin;
  }

  /** Load the frame when it is asked for, not before; a second time it is there already. */
  open() {
    const place = byId("core-frame", HTMLElement);
    if (place.childElementCount > 0) return;
    this.#over = new AbortController();
    this.#asked = 0;
    this.#at = -Infinity;
    const frame = /** @type {HTMLIFrameElement} */ (fromTemplate("core-frame-template"));
    place.replaceChildren(frame);
    this.#connect(frame);
  }

  /** The frame goes, with what it was given; a later `open` makes another. */
  close() {
    this.#over.abort();
    this.#line?.close();
    this.#line = null;
    byId("core-frame", HTMLElement).replaceChildren();
  }

  /** @param {HTMLIFrameElement} frame */
  #connect(frame) {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.#over.signal, AbortSignal.timeout(ANSWER_MS)]);
    const ask = () => frame.contentWindow?.postMessage({ type: "core-frame?" }, this.#origin);
    const timer = setInterval(ask, ASK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    addEventListener(
      "message",
      ({ source, origin, data }) => {
        if (source !== frame.contentWindow || origin !== this.#origin || data?.type !== "core-frame") return;
        done.abort();
        const { port1, port2 } = new MessageChannel();
        frame.contentWindow?.postMessage({ type: "core-port" }, this.#origin, [port2]);
        this.#listen(port1);
      },
      { signal },
    );
  }

  /** @param {MessagePort} line */
  #listen(line) {
    this.#line = line;
    line.onmessage = ({ data }) => (data === "again" ? void this.#again() : this.close());
    line.onmessageerror = () => this.close();
    void this.#again();
  }

  async #again() {
    this.#asked += 1;
    if (this.#asked > MOST_AGAIN) {
      this.close();
      return;
    }
    if (performance.now() - this.#at < LEAST_MS) return;
    this.#at = performance.now();
    // A token that cannot be had now can be asked for again by the same button.
    const document = await this.#port.request("core-document").catch(() => null);
    if (document) this.#line?.postMessage(document);
  }
}
