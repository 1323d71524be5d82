/** The page's end of the line to its worker. Tokens and keys stay on the other end. */

const WORKER_URL = "/endpoint/worker/worker.js";

/** An answer with a stable code (page/words.js has the sentence). */
export class WorkerError extends Error {
  /** @param {string} code @param {number} [retryAfterS] */
  constructor(code, retryAfterS) {
    super(code);
    this.name = "WorkerError";
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** Code of whatever was thrown. @param {unknown} error @returns {string} */
export function codeOf(error) {
  const code = /** @type {{code?: unknown}} */ (error ?? {}).code;
  return typeof code === "string" ? code : "unexpected";
}

export class WorkerPort {
  #next = 1;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: WorkerError) => void}>} */
  #open = new Map();
  /** @type {Map<string, (event: any) => void>} */
  #listeners = new Map();

  /** @param {{onFailed: () => void}} options called when the worker has died */
  constructor({ onFailed }) {
    this.worker = new Worker(/** @type {string} */ (/** @type {unknown} */ (workerURL())), { type: "module", name: "conclave-keys" });
    this.worker.onmessage = (event) => this.#take(event.data);
    this.worker.onerror = onFailed;
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
      this.#open.set(request, { resolve, reject });
      this.worker.postMessage({ ...members, type, request });
    });
  }

  /** One listener for each kind of event. @param {string} event @param {(event: any) => void} listener */
  on(event, listener) {
    this.#listeners.set(event, listener);
  }

  /** @param {{reply?: number, value?: unknown, error?: string, retryAfterS?: number, event?: string}} message */
  #take(message) {
    if (message.event !== undefined) {
      this.#listeners.get(message.event)?.(message);
      return;
    }
    const waiting = this.#open.get(message.reply ?? 0);
    this.#open.delete(message.reply ?? 0);
    if (message.error !== undefined) {
      waiting?.reject(new WorkerError(message.error, message.retryAfterS));
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
