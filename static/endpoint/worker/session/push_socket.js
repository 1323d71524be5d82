/**
 * One connection of the push socket (docs/protocol.md section 5): it opens, says hello, keeps the order of messages and
 * notices silence. It decides nothing: what a message means and what follows a close is the session's affair.
 */

const SILENCE_MS = 12_000; // the KMF speaks every 5 s
const LIMIT_CHARACTERS = 4 * 1024 * 1024; // a welcome to 1,000 people with the longest names

/**
 * Close codes (docs/protocol.md section 5). 4499 is ours: the line fell silent.
 */
export const CLOSED = Object.freeze({
  malformed: 4400,
  unauthorized: 4401,
  denied: 4403,
  slow: 4408,
  replaced: 4409,
  ended: 4410,
  tooLarge: 4413,
  tooMany: 4429,
  silent: 4499,
});

/**
 * @typedef {Record<string, unknown> & {type: string, seq: number}} PushMessage
 * @typedef {{url: string, hello: () => Promise<{token: string, proof: string}>,
 *   onMessage: (message: PushMessage) => Promise<void>, onGap: () => void, onClose: (code: number) => void}} PushOptions
 */

export class PushSocket {
  #options;
  #socket;
  #expectedSeq = 1;
  #closed = false;
  /** @type {Promise<void>} */
  #handled = Promise.resolve();
  #silence = 0;

  /** @param {PushOptions} options `url` is that of the socket, with scheme ws or wss */
  constructor(options) {
    this.#options = options;
    this.#socket = new WebSocket(options.url);
    this.#socket.onopen = () => void this.#sayHello();
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#finish(event.code);
    this.#listen();
  }

  /**
   * Send a message if the line is open; else it is not sent, and the session that follows tells the KMF anew.
   *
   * @param {string} type
   * @param {Record<string, unknown>} [members]
   * @returns {boolean} whether the line was open
   */
  send(type, members = {}) {
    const open = this.#socket.readyState === WebSocket.OPEN && !this.#closed;
    if (open) {
      this.#socket.send(JSON.stringify({ type, ...members }));
    }
    return open;
  }

  /** Take it for closed by the KMF, with this code, before it is. @param {number} code */
  end(code) {
    this.#finish(code);
  }

  /** Close without a report. */
  close() {
    this.#closed = true;
    clearTimeout(this.#silence);
    this.#socket.close(1000);
  }

  async #sayHello() {
    try {
      this.send("hello", await this.#options.hello());
    } catch {
      this.#socket.close();
    }
  }

  /** @param {unknown} data */
  #receive(data) {
    if (this.#closed) {
      return;
    }
    this.#listen();
    const message = parse(data);
    if (!message) {
      this.#finish(CLOSED.malformed);
      return;
    }
    // The state that follows a gap comes as a welcome, and the count goes on from there.
    const inOrder = message.seq === this.#expectedSeq || message.type === "welcome";
    this.#expectedSeq = message.seq + 1;
    if (!inOrder) {
      this.#options.onGap();
    }
    this.#handled = this.#handled.then(() => (this.#closed ? undefined : this.#options.onMessage(message)));
  }

  #listen() {
    clearTimeout(this.#silence);
    // A dead line may report its close only after minutes: silence counts as closed.
    this.#silence = setTimeout(() => this.#finish(CLOSED.silent), SILENCE_MS);
  }

  /** @param {number} code */
  #finish(code) {
    if (this.#closed) {
      return;
    }
    clearTimeout(this.#silence);
    // What came before the close is handled before it: a `denied` or `revoked` says why.
    this.#handled = this.#handled.then(() => {
      if (!this.#closed) {
        this.close();
        this.#options.onClose(code);
      }
    });
  }
}

/** @param {unknown} data @returns {PushMessage | null} */
function parse(data) {
  if (typeof data !== "string" || data.length > LIMIT_CHARACTERS) {
    return null;
  }
  try {
    const message = JSON.parse(data);
    return typeof message?.type === "string" && Number.isSafeInteger(message.seq) ? message : null;
  } catch {
    return null;
  }
}
