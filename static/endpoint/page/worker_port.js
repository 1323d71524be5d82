/** The page's end of the line to its worker. Tokens and keys stay on the other end. */

const WORKER_URL = "/endpoint/worker/worker.js";

/** An answer with a stable code (page/words.js has the sentence). */
export class WorkerError extends Error {
  /**
   * @param {string} code
   * @param {number} [retryAfterS]
   * @param {import("../worker/session/errors.js").DemandedSignIn} [demanded] with the code step_up, at a join
   */
  constructor(code, retryAfterS, demanded) {
    super(code);
    this.name = "WorkerError";
    this.code = code;
    this.retryAfterS = retryAfterS;
    this.demanded = demanded;
  }
}

/** Code of whatever was thrown. @param {unknown} error @returns {string} */
export function codeOf(error) {
  const code = /** @type {{code?: unknown}} */ (error ?? {}).code;
  return typeof code === "string" ? code : "unexpected";
}

export class WorkerPort {
  #next = 1;
  #join = 0;
  #isOver = false;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: WorkerError) => void}>} */
  #open = new Map();
  /** @type {Map<string, (event: any) => void>} */
  #listeners = new Map();

  /** @param {{onFailed: () => void}} options called when the worker had to be ended */
  constructor({ onFailed }) {
    this.worker = new Worker(/** @type {string} */ (/** @type {unknown} */ (workerURL())), { type: "module", name: "conclave-keys" });
    this.worker.onmessage = (event) => this.#take(event.data);
    this.worker.onerror = () => {
      // It might live on after an error that nobody caught: what cannot be relied on must not hold keys or pass frames.
      this.close();
      onFailed();
    };
  }

  /**
   * Ask the worker.
   *
   * @param {string} type
   * @param {Record<string, unknown>} [members]
   * @returns {Promise<any>}
   */
  request(type, members = {}) {
    const request = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new WorkerError("worker_failed"));
        return;
      }
      this.#open.set(request, { resolve, reject });
      this.worker.postMessage({ ...members, type, request });
    });
  }

  /** Enter the conference: from now on only what is reported of this stay is heard. @returns {Promise<any>} */
  join() {
    this.#join += 1;
    return this.request("join", { join: this.#join });
  }

  /** End the worker, with its keys and tokens; nothing passes it any more. */
  close() {
    this.#isOver = true;
    this.worker.terminate();
    this.#open.forEach(({ reject }) => reject(new WorkerError("worker_failed")));
    this.#open.clear();
  }

  /** One listener for each kind of event. @param {string} event @param {(event: any) => void} listener */
  on(event, listener) {
    this.#listeners.set(event, listener);
  }

  /**
   * @param {{reply?: number, value?: unknown, error?: string, retryAfterS?: number,
   *   demanded?: import("../worker/session/errors.js").DemandedSignIn, event?: string, join?: number}} message
   */
  #take(message) {
    if (message.event !== undefined) {
      if (message.join === this.#join) {
        this.#listeners.get(message.event)?.(message);
      }
      return;
    }
    const waiting = this.#open.get(message.reply ?? 0);
    this.#open.delete(message.reply ?? 0);
    if (message.error !== undefined) {
      waiting?.reject(new WorkerError(message.error, message.retryAfterS, message.demanded));
    } else {
      waiting?.resolve(message.value);
    }
  }
}

/** The one script URL that Trusted Types lets through. */
function workerURL() {
  const types = /** @type {{trustedTypes?: {createPolicy: Function}}} */ (/** @type {unknown} */ (globalThis)).trustedTypes;
  if (!types) {
    return WORKER_URL;
  }
  const policy = types.createPolicy("conclave-worker", { createScriptURL: () => WORKER_URL });
  return policy.createScriptURL("");
}
