/**
 * One connection of an admitted endpoint: from hello to close. It installs keys, keeps the roster chain and the proof of
 * the present. When something does not fit it asks for the state anew; when two histories show up it ends.
 */

import { codeOf } from "./errors.js";
import { openKey, readKeyMessage } from "./key_message.js";
import { CLOSED, PushSocket } from "./push_socket.js";
import { RENEW_BEFORE_S, Timetable } from "./timetable.js";

/**
 * How a connection ended. `final`: coming back is no use; `admit`: the stay is over, a new key request may begin another.
 *
 * @typedef {{code: string, final: boolean, admit: boolean, welcomed: boolean}} Ending
 * @typedef {import("./session.js").Stay} Stay
 */

/** Asked no more often than this. */
const STATE_EVERY_MS = 1_000;
const TIME_EVERY_MS = 5_000;
/** Refusals of a token after which no other will be given. */
const FINAL = new Set(["sign_in_expired", "denied"]);

export class Connection {
  #stay;
  #socket;
  #timetable = new Timetable();
  #welcomed = false;
  #stateAskedAt = -Infinity;
  #timeAskedAt = -Infinity;
  /** What the KMF knows of us on this socket. @type {import("./grant.js").AccessToken | null} */
  #shownToken = null;
  /** @type {{code: string, final: boolean} | null} */
  #reason = null;
  /** @type {(ending: Ending) => void} */
  #end = () => undefined;

  /** Settles when it is over. @type {Promise<Ending>} */
  ended;

  /** @param {Stay} stay */
  constructor(stay) {
    this.#stay = stay;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#socket = new PushSocket({
      url: `${stay.kmf.replace(/^http/, "ws")}/conferences/${stay.conference}/events`,
      hello: () => this.#hello(),
      onMessage: (message) => this.#take(message),
      onGap: () => this.#askForState(),
      onClose: (code) => this.#closed(code),
    });
  }

  /** @param {string} type @param {Record<string, unknown>} [members] */
  send(type, members) {
    return this.#socket.send(type, members);
  }

  /** Close from here; no way back. @param {string} code */
  finish(code) {
    this.#stop({ code, final: true, admit: false });
  }

  /** Close from here: the stay is over, and may begin anew. @param {string} code */
  lapse(code) {
    this.#stop({ code, final: false, admit: true });
  }

  /** @param {{code: string, final: boolean, admit: boolean}} ending */
  #stop(ending) {
    this.#timetable.stop();
    this.#socket.close();
    this.#end({ ...ending, welcomed: this.#welcomed });
  }

  /** @param {import("./push_socket.js").PushMessage} message */
  async #take(message) {
    try {
      await this.#handle(message);
    } catch (error) {
      this.#misfit(codeOf(error));
    }
  }

  /** @param {import("./push_socket.js").PushMessage} message */
  async #handle(message) {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "rekey":
        // The change that names this epoch is still to come: it has the next number, or one above.
        return this.#install(readKeyMessage(message), this.#stay.chain.number + 1);
      case "roster":
        return this.#stay.rosterChanged(await this.#stay.chain.applyDelta(message.delta));
      case "current":
        await this.#stay.chain.checkCurrent(message.current);
        return this.#stay.freshness.confirm();
      case "revoked":
        return this.#stay.revoked(text(message.reason));
      case "denied":
        this.#reason = { code: text(message.code), final: false };
        // It closes the socket after this; whoever is between us could keep that back.
        return this.#socket.end(CLOSED.denied);
      default:
        return this.finish("malformed");
    }
  }

  /** @param {Record<string, unknown>} message */
  async #welcome({ source_id: sourceId, policy, roster, key }) {
    const { chain } = this.#stay;
    const [readPolicy, change] = [await chain.verifyPolicy(policy), await chain.applySnapshot(roster)];
    this.#stay.identified(Number(sourceId));
    await this.#install(readKeyMessage(key), chain.number);
    this.#stay.freshness.confirm();
    this.#welcomed = true;
    await this.#stay.rosterChanged(change);
    this.#stay.welcomed({ sourceId: Number(sourceId), policy: readPolicy });
    this.#timetable.start({
      heartbeat: () => this.send("heartbeat", { number: chain.number }),
      leaveProof: () => void this.#stay.prepareLeave(),
      renew: () => void this.#renew(),
    });
  }

  /** @param {import("./key_message.js").KeyMessage} message @param {number} number */
  async #install(message, number) {
    const { admission, conference, grant } = this.#stay;
    const { jkt } = grant.client.key;
    await this.#stay.install(message, await openKey({ message, admission, conference, jkt }), number);
  }

  /** A statement did not fit. @param {string} code */
  #misfit(code) {
    if (code === "fork") {
      this.finish("fork");
    } else if (code === "statement_expired" || code === "rolled_back") {
      // An old truth proves nothing; the watch over the present runs on.
      this.#stay.report({ event: "problem", code });
      if (code === "statement_expired") {
        void this.#askTime();
      }
    } else {
      this.#stay.report({ event: "problem", code });
      this.#askForState();
    }
  }

  #askForState() {
    if (performance.now() - this.#stateAskedAt >= STATE_EVERY_MS) {
      this.#stateAskedAt = performance.now();
      this.send("state");
    }
  }

  /** Perhaps it is our clock that is wrong: the machine slept, say. */
  async #askTime() {
    if (performance.now() - this.#timeAskedAt >= TIME_EVERY_MS) {
      this.#timeAskedAt = performance.now();
      await this.#stay.grant.client.askTime(this.#stay.kmf);
      this.#askForState();
    }
  }

  async #hello() {
    try {
      return await this.#credentials(RENEW_BEFORE_S);
    } catch (error) {
      if (FINAL.has(codeOf(error))) {
        this.finish(codeOf(error));
      }
      throw error;
    }
  }

  async #renew() {
    const { grant, kmf } = this.#stay;
    try {
      const held = await grant.token(kmf, 0);
      // Somebody else may have renewed it: what counts is what the KMF saw here.
      if (held !== this.#shownToken || held.expiresAtS - grant.client.clock.nowS() < RENEW_BEFORE_S) {
        this.send("renew", await this.#credentials(RENEW_BEFORE_S));
      }
    } catch (error) {
      if (FINAL.has(codeOf(error))) {
        this.finish(codeOf(error));
      }
      // Anything else is a line that is away: the next look tries again, within the KMF's 60 s.
    }
  }

  /** @param {number} leastS @returns {Promise<{token: string, proof: string}>} */
  async #credentials(leastS) {
    const { grant, kmf, conference } = this.#stay;
    const eventsURL = `${kmf}/conferences/${conference}/events`;
    const shown = await grant.token(kmf, leastS);
    const { key, clock } = grant.client;
    const { text: token } = shown;
    this.#shownToken = shown;
    return { token, proof: await key.proof({ method: "GET", url: eventsURL, token, nowS: clock.nowS() }) };
  }

  /** @param {number} closeCode */
  #closed(closeCode) {
    this.#timetable.stop();
    const { code, final } = this.#reason ?? meaning(closeCode);
    if (closeCode === CLOSED.unauthorized) {
      // Whatever was wrong with it, the next hello shows another token; who is no longer signed in learns it then.
      this.#stay.grant.forget(this.#stay.kmf);
    }
    const admit = !final && closeCode === CLOSED.denied;
    this.#end({ code, final, admit, welcomed: this.#welcomed });
  }
}

/** @param {number} closeCode @returns {{code: string, final: boolean}} */
function meaning(closeCode) {
  switch (closeCode) {
    case CLOSED.malformed:
    case CLOSED.tooLarge:
      return { code: "malformed", final: true };
    case CLOSED.replaced:
      return { code: "replaced", final: true };
    case CLOSED.ended:
      return { code: "ended", final: true };
    default:
      return { code: "line_cut", final: false };
  }
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "unexpected";
}
