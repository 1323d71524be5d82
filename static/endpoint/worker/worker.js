/**
 * The endpoint page's worker: it alone holds tokens and key objects, and every encoded frame passes through it.
 * The page may say what stands in `answer`, and nothing else.
 */

import { MediaEngine } from "./media/engine.js";
import { RosterChain } from "./roster/chain.js";
import { importStatementKey } from "./roster/statement.js";
import { coreDocument } from "./session/documents.js";
import { codeOf, SessionError } from "./session/errors.js";
import { moderate } from "./session/moderation.js";
import { ServerClock } from "./session/server_clock.js";
import { beginRoomSignIn } from "./session/room_sign_in.js";
import { Stay } from "./session/session.js";
import { beginSignIn, completeSignIn } from "./session/sign_in.js";
import { StepUp } from "./session/step_up.js";
import { LIFETIME_MS, sweepPending } from "./session/store.js";

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
const clock = new ServerClock();

/** @type {{origins: import("./session/sign_in.js").Origins, rosterKey: string} | null} */
let configuration = null;
/** @type {Awaited<ReturnType<typeof completeSignIn>> | null} */
let signedIn = null;
/** @type {import("./session/room_sign_in.js").ShownCode | null} */
let room = null;
/** @type {{stay: Stay, engine: MediaEngine, number: number} | null} */
let present = null;
/** @type {StepUp | null} */
let stepUp = null;
/** The goodbye of the stay before, which must not overtake the next one's key request. @type {Promise<unknown>} */
let farewell = Promise.resolve();

scope.onmessage = (event) => {
  const { request, ...message } = event.data;
  void answer(message).then(
    (value) => scope.postMessage({ reply: request, value }),
    (error) => scope.postMessage({ reply: request, error: codeOf(error), retryAfterS: error?.retryAfterS, demanded: error?.demanded }),
  );
};

scope.onrtctransform = (event) => {
  // Without a stay nothing reads the frames: they are dropped, never passed on.
  present?.engine.attach(event.transformer);
};

/**
 * @param {{type: string} & Record<string, any>} message
 * @returns {Promise<unknown>}
 */
async function answer(message) {
  switch (message.type) {
    case "configure":
      return configure(message.origins, message.rosterKey);
    case "begin-sign-in":
      return beginSignIn({ origins: configured().origins, conference: message.conference, demanded: message.demanded });
    case "complete-sign-in":
      signedIn = await completeSignIn({ origins: configured().origins, answer: message.answer, clock });
      return { conference: signedIn.conference };
    case "begin-room-sign-in":
      room = await beginRoomSignIn({ origins: configured().origins, conference: message.conference, clock });
      room.signedIn.catch(() => undefined); // told to whoever asks for it
      return { userCode: room.userCode, uri: room.uri };
    case "complete-room-sign-in":
      signedIn = await roomCode().signedIn;
      return { conference: signedIn.conference };
    case "join":
      return join(message.join);
    case "join-document":
      return stay().joinDocument();
    case "core-document":
      return coreDocument({ ...endpoint(), origins: configured().origins });
    case "moderate":
      return moderate(endpoint(), message.order);
    case "begin-step-up":
      return beginStepUp();
    case "counters":
      return present?.engine.counters() ?? {};
    case "media":
      return stay().mediaChanged({ sending: message.sending === true, problem: message.problem ?? null });
    case "detach":
      return present?.engine.detach(message.ids);
    case "leave":
      farewell = Promise.allSettled([farewell, present?.stay.leave()]);
      return undefined;
    default:
      throw new SessionError("malformed");
  }
}

/** @param {import("./session/sign_in.js").Origins} origins @param {string} rosterKey */
function configure(origins, rosterKey) {
  if (configuration) {
    throw new SessionError("malformed");
  }
  configuration = { origins, rosterKey };
  const sweep = () => void sweepPending(Date.now()).catch(() => undefined);
  setInterval(sweep, LIFETIME_MS);
  sweep();
}

/** @param {number} number of this join; what is reported of it bears it */
async function join(number) {
  const { origins, rosterKey } = configured();
  if (!signedIn) {
    throw new SessionError("sign_in_expired");
  }
  const { grant, conference } = signedIn;
  farewell = Promise.allSettled([farewell, present?.stay.leave()]);
  await farewell;
  const key = await importStatementKey(rosterKey);
  const chain = new RosterChain({ key, conference, nowS: () => clock.nowS() });
  const engine = new MediaEngine({ conferenceId: conference, report: (event) => entered.mediaReported(event) });
  const entered = new Stay({ conference, origins, grant, chain, engine, report: (event) => tell({ ...event, join: number }) });
  present = { engine, stay: entered, number };
  const joining = entered.join();
  // A stay that is left before it was let in still has its goodbye to say.
  farewell = joining.catch(() => undefined);
  return joining;
}

/** A confirmation that is under way already is given up for the new one. */
function beginStepUp() {
  stepUp?.end();
  const { grant, conference } = endpoint();
  stepUp = new StepUp({ grant, conference, origins: configured().origins }, (code) => scope.postMessage({ event: "step-up", code, join: present?.number }));
  return stepUp.begin();
}

/** What an order of the initiator is sent with. */
function endpoint() {
  if (!signedIn) {
    throw new SessionError("sign_in_expired");
  }
  return { grant: signedIn.grant, conference: signedIn.conference, kmf: configured().origins.kmf };
}

/** @param {import("./session/session.js").SessionEvent} event */
function tell(event) {
  if (event.event === "over") {
    // Who comes back signs in anew: tokens end with the stay.
    signedIn = null;
    stepUp?.end();
  }
  scope.postMessage(event);
}

function roomCode() {
  if (!room) {
    throw new SessionError("malformed");
  }
  return room;
}

function configured() {
  if (!configuration) {
    throw new SessionError("malformed");
  }
  return configuration;
}

function stay() {
  if (!present) {
    throw new SessionError("malformed");
  }
  return present.stay;
}
