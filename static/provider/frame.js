/**
 * The conference application: finds the provider and connects (draft-westerlund-perc-webrtc-use-case, section 3.3). It runs in
 * a sandboxed frame of the endpoint page and carries session descriptions; no track, key or name ever comes here.
 */

import { Gone } from "./errors.js";
import { join } from "./join.js";
import { Signalling } from "./signalling.js";

/** @type {MessagePort | null} */
let page = null;
/** @type {Signalling | null} */
let signalling = null;
/** Counts joins, so that a late answer to an earlier one is not taken for this one's. */
let joins = 0;
/** Ends the request of a join that was given up. */
let asking = new AbortController();

window.addEventListener("message", (event) => {
  if (event.source !== window.parent) return;
  if (event.data?.type === "conference-application?") {
    window.parent.postMessage({ type: "conference-application" }, event.origin);
  } else if (event.data?.type === "conference-port" && event.ports.length === 1) {
    leave();
    page?.close();
    page = event.ports[0];
    page.onmessage = ({ data }) => void take(data);
  }
});

/** @param {any} message */
async function take(message) {
  switch (message.type) {
    case "join":
      await enter(message);
      break;
    case "publish":
      signalling?.send({ type: "publish", sdp: message.sdp, tracks: message.tracks });
      break;
    case "answer":
      signalling?.send({ type: "answer", sdp: message.sdp });
      break;
    case "layout":
      signalling?.send({ type: "layout", streams: message.streams });
      break;
    case "restart":
      signalling?.send({ type: "restart" });
      break;
    case "leave":
      leave();
      break;
  }
}

/** @param {{url: string, token: string, proof: string}} credentials */
async function enter(credentials) {
  leave();
  const mine = joins;
  asking = new AbortController();
  try {
    const place = await join(credentials, asking.signal);
    if (mine !== joins) return;
    signalling = new Signalling(place, {
      onMessage: (message) => {
        if (message.type === "welcome") tell({ type: "joined", ice_servers: place.ice_servers });
        else tell(message);
      },
      onGone: (code) => {
        signalling = null;
        tell({ type: "gone", code });
      },
    });
  } catch (error) {
    if (mine === joins) tell({ type: "gone", code: error instanceof Gone ? error.code : "unavailable" });
  }
}

function leave() {
  joins += 1;
  asking.abort();
  signalling?.close();
  signalling = null;
}

/** @param {object} message */
function tell(message) {
  page?.postMessage(JSON.stringify(message));
}
