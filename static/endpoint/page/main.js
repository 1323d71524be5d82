/** The endpoint page's way: check the browser, sign in, look at yourself, go in, leave. */

import { missingCapabilities } from "./capability.js";
import { choices } from "./choices.js";
import { Conference } from "./conference.js";
import { Devices } from "./devices.js";
import { byId } from "./elements.js";
import { enterState, showGate } from "./gate.js";
import { Prejoin } from "./prejoin.js";
import { handOverStepUp } from "./step_up_callback.js";
import { roomCodeWords, waitingWords } from "./words.js";
import { codeOf, WorkerError, WorkerPort } from "./worker_port.js";

/** A redirect that takes longer gets a button. */
const SLOW_MS = 2_500;
/** Refusals after which the join screen can be tried again. */
const JOIN_AGAIN = new Set(["too_early", "locked", "declined", "full", "too_many", "unreachable", "unavailable"]);

const { kmf = "", auth = "", provider = "", core = "", rosterKey = "" } = document.body.dataset;
let conferenceId = /^\/c\/([A-Za-z0-9_-]{22})$/.exec(location.pathname)?.[1] ?? "";
/** Opened on the screen of a room: the link of the invitation and this behind it. */
const isRoom = location.hash === "#room";
const devices = new Devices(choices());
/** @type {Prejoin | null} */
let prejoin = null;
/** The conference that one is in, or about to be. @type {Conference | null} */
let present = null;

async function start() {
  if (handOverStepUp()) {
    return;
  }
  showGate("checking", { busy: true });
  const missing = await missingCapabilities();
  if (missing.length > 0) {
    enterState("ended");
    showGate("browser", { points: missing, link: true });
    return;
  }
  const port = new WorkerPort({ onFailed: () => (present ? present.abort("worker_failed") : end("worker_failed")) });
  await port.request("configure", { origins: { kmf, auth, provider, core }, rosterKey });
  await (location.pathname === "/callback" ? comeBack(port) : signIn(port));
}

/** @param {WorkerPort} port */
async function signIn(port) {
  if (isRoom) {
    await signInAsRoom(port);
    return;
  }
  enterState("signing-in");
  showGate("sign_in", { busy: true });
  const url = await port.request("begin-sign-in", { conference: conferenceId });
  setTimeout(() => showGate("sign_in", { onAction: () => location.assign(url) }), SLOW_MS);
  location.replace(url);
}

/** A screen without a keyboard: somebody enters what it shows on a device of his own. @param {WorkerPort} port */
async function signInAsRoom(port) {
  enterState("signing-in");
  showGate("signing_in", { busy: true });
  const { userCode, uri } = await port.request("begin-room-sign-in", { conference: conferenceId });
  showGate("room_code", { busy: true, text: roomCodeWords(uri, userCode) });
  await port.request("complete-room-sign-in");
  await prepare(port);
}

/** @param {WorkerPort} port */
async function comeBack(port) {
  enterState("signing-in");
  showGate("signing_in", { busy: true });
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  // The code must not stay in the address or in the history.
  history.replaceState(null, "", "/callback");
  const { conference } = await port.request("complete-sign-in", { answer });
  conferenceId = conference;
  history.replaceState(null, "", `/c/${conference}`);
  await prepare(port);
}

/** @param {WorkerPort} port */
async function prepare(port) {
  enterState("prejoin");
  const screen = new Prejoin({
    devices,
    onJoin: ({ speaker }) => {
      screen.stop();
      void goIn({ port, speaker });
    },
  });
  prejoin = screen;
  byId("join", HTMLButtonElement).focus({ preventScroll: true });
  await screen.start();
}

/** @param {{port: WorkerPort, speaker: string}} options */
async function goIn({ port, speaker }) {
  const conference = new Conference({ port, devices, speaker, onOver: (code) => end(code) });
  present = conference;
  enterState("joining");
  showGate("joining", { busy: true, onAction: () => turnBack(port) });
  port.on("waiting", ({ name }) => {
    if (present !== conference) {
      return;
    }
    enterState("waiting");
    showGate("waiting", { busy: true, text: waitingWords(name), onAction: () => turnBack(port) });
  });
  try {
    const policy = await conference.join();
    if (present === conference) {
      enterState("in-conference");
      conference.start({ provider, core, policy });
    }
  } catch (error) {
    if (present === conference) {
      refused(port, error);
    }
  }
}

/** Not in after all. @param {WorkerPort} port */
function turnBack(port) {
  present?.cancel();
  present = null;
  void prepare(port);
}

/** @param {WorkerPort} port @param {unknown} error */
function refused(port, error) {
  const code = codeOf(error);
  if (code === "step_up" && error instanceof WorkerError && error.demanded) {
    const { demanded } = error;
    end(code, () => void signInAs(port, demanded));
  } else if (JOIN_AGAIN.has(code)) {
    end(code, () => void prepare(port));
  } else {
    port.close();
    end(code);
  }
}

/** To the sign-in that this conference asks for, and back here. @param {WorkerPort} port @param {import("../worker/session/errors.js").DemandedSignIn} demanded */
async function signInAs(port, demanded) {
  location.assign(await port.request("begin-sign-in", { conference: conferenceId, demanded }));
}

/** Whatever was going on: no device stays open. @param {string} code @param {() => void} [onAction] */
function end(code, onAction = openAgain) {
  present = null;
  prejoin?.stop();
  devices.closeAll();
  enterState("ended");
  showGate(code, { onAction, link: true });
}

function openAgain() {
  if (isRoom) {
    location.reload();
    return;
  }
  location.assign(conferenceId ? `/c/${conferenceId}` : `${core}/`);
}

start().catch((error) => end(codeOf(error)));
