/** The signalling socket: publish and answer for the page, subscribe to every feed that is announced. */

/**
 * @typedef {{mid: string, kind: string, track: string}} Stream
 * @typedef {{onMessage: (message: any) => void, onGone: (code: string) => void}} Handlers
 */

export class Signalling {
  #socket;
  /** @type {Set<string>} streams that were asked for */
  #asked = new Set();

  /** @param {{socket: string, ticket: string}} place @param {Handlers} handlers */
  constructor({ socket, ticket }, { onMessage, onGone }) {
    let code = "unavailable";
    this.#socket = new WebSocket(socket);
    this.#socket.onopen = () => this.send({ type: "hello", ticket });
    this.#socket.onclose = () => onGone(code);
    this.#socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "gone") code = message.code;
      else if (message.type === "feed") this.#subscribe(message.feed, message.streams);
      else if (message.type === "feed_gone") this.#forget(message.feed);
      else onMessage(message);
    };
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close() {
    this.send({ type: "bye" });
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  /** @param {string} feed @param {Stream[]} streams */
  #subscribe(feed, streams) {
    const added = streams.filter(({ mid }) => !this.#asked.has(`${feed}/${mid}`));
    for (const { mid } of added) this.#asked.add(`${feed}/${mid}`);
    if (added.length > 0) this.send({ type: "subscribe", streams: added.map(({ mid }) => ({ feed, mid })) });
  }

  /** @param {string} feed */
  #forget(feed) {
    for (const stream of this.#asked) if (stream.startsWith(`${feed}/`)) this.#asked.delete(stream);
  }
}
