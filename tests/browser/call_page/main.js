import { createCall } from "/call/call.js";

const settings = new URLSearchParams(location.search);
/** Every peer connection that was made: first of each pair the one that sends. */
const connections = (window.connections = []);
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    connections.push(this);
  }
};
const who = settings.get("who");
const worker = new Worker("/call_page/worker.js");
const seen = (window.seen = { states: [], problems: [], remotes: {}, gone: [] });

function counters() {
  return new Promise((resolve) => {
    worker.addEventListener("message", ({ data }) => resolve(data), { once: true });
    worker.postMessage("counters");
  });
}

const frame = document.getElementById("frame");
frame.src = `${settings.get("provider")}/app/`;
const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: Number(settings.get("width") ?? 320), height: Number(settings.get("height") ?? 240) } });
const call = createCall({
  frame,
  providerOrigin: settings.get("provider"),
  worker,
  iceTransportPolicy: settings.get("ice") ?? "all",
  getJoin: async () => (await fetch(`/join-credentials?who=${who}`)).json(),
  counters,
  onRemoteTrack({ id, kind, track, stream }) {
    const element = document.createElement(kind);
    element.id = id;
    element.autoplay = true;
    element.srcObject = stream;
    document.getElementById("tiles").append(element);
    seen.remotes[id] = { kind, muted: track.muted };
  },
  onRemoteGone({ id }) {
    document.getElementById(id).remove();
    delete seen.remotes[id];
    seen.gone.push(id);
  },
  onState: (state) => seen.states.push(state),
  onProblem: (code) => seen.problems.push(code),
});
await call.publish({ mic: media.getAudioTracks()[0], camera: settings.get("camera") === "0" ? null : media.getVideoTracks()[0] });
Object.assign(window, { call, counters, worker, media, ready: true });

/** Frames that the video elements have shown, and samples of the audio elements' tracks. */
window.names = () => connections.map(({ localDescription }) => /a=ice-ufrag:(\S+)/.exec(localDescription?.sdp ?? "")?.[1]);
window.shown = () => [...document.querySelectorAll("video")].map((video) => video.getVideoPlaybackQuality().totalVideoFrames);
