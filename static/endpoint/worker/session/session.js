/**
 * An endpoint's stay in a conference: key request, push socket, coming back after a cut line, leaving.
 * All keys live in the media engine that belongs to it, and end with it.
 */

import { verificationCode } from "../roster/verification_code.js";
import { Connection } from "./connection.js";
import { joinDocument, leaveProof, sendFarewell } from "./documents.js";
import { codeOf, SessionError } from "./errors.js";
import { FreshnessWatch } from "./freshness.js";
import { requestKey } from "./key_request.js";
import { GRACE_MS, pause } from "./timetable.js";

/** Refusals after which another try makes no sense; the page says what does. */
const FINAL = new Set(["denied", "too_early", "ended", "locked", "full", "step_up", "sign_in_expired", "malformed"]);

/**
 * @typedef {import("./connection.js").Ending} Ending
 * @typedef {import("../roster/bodies.js").Policy} Policy
 * @typedef {import("../roster/chain.js").RosterChange} RosterChange
 * @typedef {{event: string} & Record<string, unknown>} SessionEvent
 * @typedef {{sourceId: number, policy: Policy}} Welcome
 */

/** What a connection needs of the stay. */
export class Stay {
  #options;
  /** @type {Connection | null} */
  #connection = null;
  /** @type {Set<number>} */
  #epochs = new Set();
  #left = false;
  #mayPublish = false;
  #sourceId = 0;
  /** When the KMF last had reason to take us for present, by the monotonic clock. */
  #aliveAt = 0;
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
    if (!this.#admission) {
      throw new SessionError("unexpected");
    }
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
   * @throws {SessionError}
   */
  async join() {
    await this.#admit();
    return new Promise((resolve, reject) => {
      this.#onWelcome = resolve;
      this.#stayConnected().then((code) => {
        this.#close(code);
        reject(new SessionError(code));
      }, reject);
    });
  }

  /** What the conference application's frame needs to join. */
  joinDocument() {
    return joinDocument(this.#options);
  }

  /** The page says what it sends. @param {{sending: boolean, problem: string | null}} media */
  mediaChanged({ sending, problem }) {
    this.#connection?.send("media", { sending, problem });
  }

  /** Leave for good: keys first, then the goodbye, by the socket if it is there. */
  leave() {
    this.#options.engine.revokeAll();
    this.#connection?.send("deleted", { epochs: [...this.#epochs] });
    if (!this.#connection?.send("leaving")) {
      void sendFarewell(this.#options);
    }
    this.#close("left");
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

  /** @param {import("./key_message.js").KeyMessage} message @param {CryptoKey} ektKey */
  async install({ epoch, spi, ttlS }, ektKey) {
    if (this.#left) {
      return;
    }
    const first = this.#epochs.size === 0;
    this.#epochs.add(epoch);
    this.#mayPublish = true;
    this.#options.engine.setSending(!this.freshness.isStopped);
    await this.#options.engine.installEpoch({ epoch, spi, ektKey, ttlMs: ttlS * 1000, first });
  }

  /** @param {Welcome} welcome */
  welcomed(welcome) {
    this.report({ event: "connection", state: "connected" });
    this.#onWelcome(welcome);
  }

  /** @param {RosterChange} change */
  async rosterChanged({ cause, joined, left }) {
    const { chain, engine } = this.#options;
    const entries = [...chain.entries.values()];
    engine.setRoster(new Map(entries.map((entry) => [entry.sourceId, entry.identityKey])));
    const code = await verificationCode({ head: chain.head, spi: chain.epoch % 65536, entries });
    const { number, epoch } = chain;
    this.report({ event: "roster", self: this.#sourceId, number, epoch, code, entries, change: { cause, joined, left } });
  }

  /** Hand the page a goodbye that it can send without us when it is closed. */
  async prepareLeave() {
    const goodbye = await leaveProof(this.#options);
    if (!this.#left) {
      this.report({ event: "leave-proof", ...goodbye });
    }
  }

  async #admit() {
    const { grant, conference } = this.#options;
    this.#admission = await requestKey({ grant, kmf: this.kmf, conference });
    this.#aliveAt = performance.now();
  }

  /** Connect, and again, until coming back is no use. @returns {Promise<string>} the reason */
  async #stayConnected() {
    let attempt = 0;
    while (!this.#left) {
      this.#connection = new Connection(this);
      const ending = await this.#connection.ended;
      if (ending.final || this.#left) {
        return ending.code;
      }
      this.report({ event: "connection", state: "reconnecting" });
      attempt = ending.welcomed ? 0 : attempt + 1;
      this.#aliveAt = ending.welcomed ? ending.closedAt : this.#aliveAt;
      const reason = await this.#comeBack(ending, attempt);
      if (reason !== null) {
        return reason;
      }
    }
    return "left";
  }

  /**
   * Wait, and where the KMF has taken us for gone, ask for a key again.
   *
   * @param {Ending} ending
   * @param {number} attempt
   * @returns {Promise<string | null>} why there is no way back
   */
  async #comeBack(ending, attempt) {
    let atLeastS = 0;
    for (let again = attempt; !this.#left; again += 1) {
      await pause(again, atLeastS);
      try {
        if (ending.admit || performance.now() - this.#aliveAt > GRACE_MS) {
          await this.#admit();
        }
        if (!this.#left) {
          return null;
        }
        await sendFarewell(this.#options);
      } catch (error) {
        if (FINAL.has(codeOf(error))) {
          return codeOf(error);
        }
        atLeastS = (error instanceof SessionError && error.retryAfterS) || 0;
      }
    }
    return "left";
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
    this.#connection?.finish(code);
    this.report({ event: "over", code });
  }
}
