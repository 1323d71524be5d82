/** A call from this page to itself with the shipped engines in it; `window.ask(order)` gives what the worker measured. */

const CODECS = { audio: "opus", video: "vp8" };
const TRACKS = { audio: "mic", video: "camera" };

const worker = new Worker("/page/worker.js", { type: "module" });
const next = () => new Promise((resolve) => worker.addEventListener("message", ({ data }) => resolve(data), { once: true }));
await next();

const [publisher, subscriber] = [new RTCPeerConnection(), new RTCPeerConnection()];
publisher.onicecandidate = ({ candidate }) => subscriber.addIceCandidate(candidate);
subscriber.onicecandidate = ({ candidate }) => publisher.addIceCandidate(candidate);

const transform = (direction, kind) =>
  new RTCRtpScriptTransform(worker, { direction, id: kind, track: TRACKS[kind], codec: CODECS[kind] });

subscriber.ontrack = ({ receiver, track }) => {
  receiver.transform = transform("receive", track.kind);
  document.body.append(Object.assign(document.createElement("video"), { muted: true, autoplay: true, srcObject: new MediaStream([track]) }));
};

async function call() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 20 } });
  for (const track of stream.getTracks()) {
    const transceiver = publisher.addTransceiver(track, { direction: "sendonly" });
    transceiver.sender.transform = transform("send", track.kind);
    const wanted = `${track.kind}/${CODECS[track.kind]}`;
    const { codecs } = RTCRtpReceiver.getCapabilities(track.kind);
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType.toLowerCase() === wanted));
  }
  await publisher.setLocalDescription();
  await subscriber.setRemoteDescription(publisher.localDescription);
  await subscriber.setLocalDescription();
  await publisher.setRemoteDescription(subscriber.localDescription);
}

window.call = call;
window.ask = (order) => {
  const answered = next();
  worker.postMessage(order);
  return answered;
};
document.body.dataset.ready = String(crossOriginIsolated);
