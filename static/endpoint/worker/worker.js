/**
 * The endpoint page's worker: it alone holds tokens and key objects, and every encoded frame passes through it.
 * The page may say what stands in `answer`, and nothing else.
 */

import { MediaEngine } from "./media/engine.js";
import { RosterChain } from "./roster/chain.js";
import { importStatementKey } from "./roster/statement.js";
import { codeOf, SessionError } from "./session/errors.js";
import { ServerClock } from "./session/server_clock.js";
import { Stay } from "./session/session.js";
import { beginSignIn, completeSignIn } from "./session/sign_in.js";

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
const clock = new ServerClock();

/** @type {{origins: import("./session/sign_in.js").Origins, rosterKey: string} | null} */
let configuration = null;
/** @type {Awaited<ReturnType<typeof completeSignIn>> | null} */
let signedIn = null;
/** @type {{stay: Stay, engine: MediaEngine} | null} */
let present = null;

scope.onmessage = (event) => {
  const { request, ...message } = event.data;
  void answer(message).then(
    (value) => scope.postMessage({ reply: request, value }),
    (error) => scope.postMessage({ reply: request, error: codeOf(error), retryAfterS: error?.retryAfterS }),
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
      return beginSignIn({ origins: configured().origins, conference: message.conference });
    case "complete-sign-in":
      signedIn = await completeSignIn({ origins: configured().origins, answer: message.answer, clock });
      return { conference: signedIn.conference };
    case "join":
      return join();
    case "join-document":
      return stay().joinDocument();
    case "counters":
      return present?.engine.counters() ?? {};
    case "media":
      return stay().mediaChanged({ sending: message.sending === true, problem: message.problem ?? null });
    case "leave":
      present?.stay.leave();
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
}

async function join() {
  const { origins, rosterKey } = configured();
  if (!signedIn) {
    throw new SessionError("sign_in_expired");
  }
  const { grant, conference } = signedIn;
  const key = await importStatementKey(rosterKey);
  const chain = new RosterChain({ key, conference, nowS: () => clock.nowS() });
  const engine = new MediaEngine({ conferenceId: conference, report: (event) => stay().mediaReported(event) });
  present?.stay.leave();
  present = { engine, stay: new Stay({ conference, origins, grant, chain, engine, report: (event) => scope.postMessage(event) }) };
  return present.stay.join();
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
