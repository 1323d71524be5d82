/**
 * An endpoint's stay in a conference: key request, push socket, coming back after a cut line, leaving.
 * All keys live in the media engine that belongs to it, and end with it.
 */

import { verificationCode } from "../roster/verification_code.js";
import { ComingBack } from "./coming_back.js";
import { Connection } from "./connection.js";
import { joinDocument, leaveProof, sendFarewell } from "./documents.js";
import { codeOf, SessionError } from "./errors.js";
import { FreshnessWatch } from "./freshness.js";
import { requestKey } from "./key_request.js";
import { untilLetIn } from "./lobby.js";
import { WELCOME_MS } from "./timetable.js";

/**
 * @typedef {import("../roster/chain.js").RosterChange} RosterChange
 * @typedef {{event: string} & Record<string, unknown>} SessionEvent
 * @typedef {{sourceId: number, policy: import("../roster/bodies.js").Policy}} Welcome
 */

/** What a connection needs of the stay. */
export class Stay {
  #options;
  /** @type {Connection | null} */
  #connection = null;
  /** @type {Set<number>} */
  #epochs = new Set();
  #left = false;
  #isWelcome = false;
  #mayPublish = false;
  #sourceId = 0;
  /** @type {import("./key_request.js").Admission | null} */
  #admission = null;
  /** @type {(welcome: Welcome) => void} */
  #onWelcome = () => undefined;

  /**
   * @param {{conference: string, origins: import("./sign_in.js").Origins, grant: import("./grant.js").Grant,
   *   chain: import("../roster/chain.js").RosterChain, engine: import("../media/engine.js").MediaEngine,
   *   report: (event: SessionEvent) => void}} options
   */
  constructor(options) {
    this.#options = options;
    this.freshness = new FreshnessWatch((state) => this.#freshnessChanged(state));
  }

  get conference() {
    return this.#options.conference;
  }

  get kmf() {
    return this.#options.origins.kmf;
  }

  get grant() {
    return this.#options.grant;
  }

  get chain() {
    return this.#options.chain;
  }

  get admission() {
    if (!this.#admission) throw new SessionError("unexpected");
    return this.#admission;
  }

  /** @param {SessionEvent} event */
  report(event) {
    this.#options.report(event);
  }

  /**
   * Enter the conference. Afterwards it looks after itself until it is left or ended, and reports.
   *
   * @returns {Promise<Welcome>}
   * @throws {SessionError} nothing of the stay is left then
   */
  async join() {
    try {
      await untilLetIn({ admit: () => this.#admit(), hasLeft: () => this.#left, report: (event) => this.report(event) });
    } catch (error) {
      this.#close(codeOf(error));
      throw error;
    }
    if (this.#left) {
      // It was left while the KMF let it in.
      await sendFarewell(this.#options);
      throw new SessionError("left");
    }
    return this.#welcomeInTime();
  }

  #welcomeInTime() {
    return new Promise((/** @type {(welcome: Welcome) => void} */ resolve, reject) => {
      const timer = setTimeout(() => void this.leave("unreachable").then(() => end("unreachable")), WELCOME_MS);
      this.#onWelcome = (welcome) => {
        clearTimeout(timer);
        this.#isWelcome = true;
        resolve(welcome);
      };
      /** @param {string} code */
      const end = (code) => {
        clearTimeout(timer);
        this.#close(code);
        reject(new SessionError(code));
      };
      this.#stayConnected().then(end, (error) => end(codeOf(error)));
    });
  }

  /** For the conference application's frame. */
  joinDocument() {
    return joinDocument(this.#options);
  }

  /** The page says what it sends. @param {{sending: boolean, problem: string | null}} media */
  mediaChanged({ sending, problem }) {
    this.#connection?.send("media", { sending, problem });
  }

  /**
   * Leave for good: keys first, then the goodbye, by the socket if it is there.
   *
   * @param {string} [code]
   * @returns {Promise<void>} settles when the goodbye is on its way
   */
  async leave(code = "left") {
    if (this.#left) {
      return;
    }
    this.#deleteKeys();
    const isSaid = this.#connection?.send("leaving") ?? false;
    this.#close(code);
    if (!isSaid) {
      await sendFarewell(this.#options);
    }
  }

  /** The KMF took the key back: obey first, then confirm. Who was only not heard for too long may come in anew. @param {string} reason */
  revoked(reason) {
    this.#deleteKeys();
    if (reason === "expired") this.#connection?.lapse(reason);
    else this.#close(reason);
  }

  /** The media engine reported. @param {import("../media/engine.js").MediaEvent} event */
  mediaReported(event) {
    if (event.type === "installed") {
      this.#connection?.send("installed", { epoch: event.epoch });
    }
    if (event.type === "expired") {
      this.#mayPublish = false;
      this.#options.engine.setSending(false);
    }
    this.report({ event: "media", media: event });
  }

  /** The KMF said who we are. @param {number} sourceId */
  identified(sourceId) {
    if (sourceId !== this.#sourceId) {
      // Taken in anew after an absence: nothing of the earlier stay is used again.
      this.#epochs.clear();
      this.#options.engine.revokeAll();
      this.#sourceId = sourceId;
      this.#options.engine.setIdentity({ sourceId, identityKeys: this.admission.identityKeys });
    }
  }

  /** @param {import("./key_message.js").KeyMessage} message @param {CryptoKey} ektKey @param {number} number of the roster, see the engine */
  async install({ epoch, spi, ttlS }, ektKey, number) {
    if (this.#left) {
      return;
    }
    const first = this.#epochs.size === 0;
    this.#epochs.add(epoch);
    this.#mayPublish = true;
    this.#options.engine.setSending(!this.freshness.isStopped);
    await this.#options.engine.installEpoch({ epoch, spi, ektKey, ttlMs: ttlS * 1000, number, first });
  }

  /** @param {Welcome} welcome */
  welcomed(welcome) {
    this.report({ event: "connection", state: "connected", locked: welcome.policy.locked });
    this.#onWelcome(welcome);
  }

  /** @param {RosterChange} change */
  async rosterChanged({ cause, joined, left }) {
    const { chain, engine } = this.#options;
    const entries = [...chain.entries.values()];
    engine.setRoster(new Map(entries.map((entry) => [entry.sourceId, entry.identityKey])), chain.number);
    const code = await verificationCode({ head: chain.head, spi: chain.epoch % 65536, entries });
    this.report({ event: "roster", self: this.#sourceId, number: chain.number, epoch: chain.epoch, code, entries, change: { cause, joined, left } });
  }

  /** Hand the page a goodbye that it can send without us when it is closed. */
  async prepareLeave() {
    const goodbye = await leaveProof(this.#options);
    if (!this.#left) {
      this.report({ event: "leave-proof", ...goodbye });
    }
  }

  async #admit() {
    const admission = await requestKey({ ...this.#options, kmf: this.kmf });
    this.#admission = this.#left ? null : admission;
  }

  /** @returns {Promise<string>} why it is over */
  #stayConnected() {
    return new ComingBack({
      connect: () => (this.#connection = new Connection(this)),
      admit: () => this.#admit(),
      farewell: () => sendFarewell(this.#options),
      hasLeft: () => this.#left,
      onCut: () => this.report({ event: "connection", state: "reconnecting" }),
    }).run();
  }

  /** @param {import("./freshness.js").Freshness} state */
  #freshnessChanged(state) {
    this.#options.engine.setSending(this.#mayPublish && state !== "stopped");
    this.report({ event: "freshness", state });
  }

  /** @param {string} code */
  #close(code) {
    if (this.#left) {
      return;
    }
    this.#left = true;
    this.freshness.stop();
    this.#options.engine.revokeAll();
    this.#admission = null;
    this.#connection?.finish(code);
    if (this.#isWelcome) {
      // Before the welcome, whoever waits for it is told by a rejection.
      this.report({ event: "over", code });
    }
  }

  #deleteKeys() {
    this.#mayPublish = false;
    this.#options.engine.revokeAll();
    this.#admission = null;
    this.#connection?.send("deleted", { epochs: [...this.#epochs] });
  }
}
