/** The endpoint page's way: check the browser, sign in, look at yourself, go in, leave. */

import { missingCapabilities } from "./capability.js";
import { Conference } from "./conference.js";
import { Devices } from "./devices.js";
import { byId } from "./elements.js";
import { enterState, showGate } from "./gate.js";
import { Prejoin } from "./prejoin.js";
import { codeOf, WorkerPort } from "./worker_port.js";

/** A redirect that takes longer gets a button. */
const SLOW_MS = 2_500;
/** Refusals that the join screen's own page can try again. */
const JOIN_AGAIN = new Set(["too_early", "locked", "full", "too_many", "unreachable", "unavailable"]);

const { kmf = "", auth = "", provider = "", core = "", rosterKey = "" } = document.body.dataset;
let conferenceId = /^\/c\/([A-Za-z0-9_-]{22})$/.exec(location.pathname)?.[1] ?? "";

async function start() {
  showGate("checking", { busy: true });
  const missing = await missingCapabilities();
  if (missing.length > 0) {
    enterState("ended");
    showGate("browser", { points: missing, link: true });
    return;
  }
  const port = new WorkerPort({ onFailed: () => end("worker_failed") });
  await port.request("configure", { origins: { kmf, auth, provider, core }, rosterKey });
  await (location.pathname === "/callback" ? comeBack(port) : signIn(port));
}

/** @param {WorkerPort} port */
async function signIn(port) {
  enterState("signing-in");
  showGate("sign_in", { busy: true });
  const url = await port.request("begin-sign-in", { conference: conferenceId });
  setTimeout(() => showGate("sign_in", { onAction: () => location.assign(url) }), SLOW_MS);
  location.replace(url);
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
  const devices = new Devices();
  const prejoin = new Prejoin({
    devices,
    onJoin: ({ speaker }) => {
      prejoin.stop();
      void goIn({ port, devices, speaker });
    },
  });
  byId("join", HTMLButtonElement).focus({ preventScroll: true });
  await prejoin.start();
}

/** @param {{port: WorkerPort, devices: Devices, speaker: string}} options */
async function goIn({ port, devices, speaker }) {
  enterState("joining");
  showGate("joining", { busy: true });
  const conference = new Conference({ port, devices, speaker, onOver: end });
  try {
    const policy = await conference.join();
    enterState("in-conference");
    conference.start({ provider, policy });
  } catch (error) {
    const code = codeOf(error);
    const again = () => void goIn({ port, devices, speaker });
    enterState("ended");
    showGate(code, { onAction: JOIN_AGAIN.has(code) ? again : openAgain, link: true });
  }
}

/** @param {string} code */
function end(code) {
  enterState("ended");
  showGate(code, { onAction: openAgain, link: true });
}

function openAgain() {
  location.assign(conferenceId ? `/c/${conferenceId}` : `${core}/`);
}

start().catch((error) => end(codeOf(error)));
