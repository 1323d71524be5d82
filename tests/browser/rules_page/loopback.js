/** A call from this page to itself: VP8 and Opus, sendonly to recvonly, each track through the engines of one worker. */

const CODECS = { audio: "opus", video: "vp8" };
const TRACKS = { audio: "mic", video: "camera" };

export class Loopback {
  publisher = new RTCPeerConnection();
  subscriber = new RTCPeerConnection();

  static async start() {
    const call = new Loopback();
    call.worker = new Worker("/rules/loopback_worker.js", { type: "module" });
    await call.answer();
    call.publisher.onicecandidate = ({ candidate }) => call.subscriber.addIceCandidate(candidate);
    call.subscriber.onicecandidate = ({ candidate }) => call.publisher.addIceCandidate(candidate);
    call.subscriber.ontrack = ({ receiver, track }) => {
      receiver.transform = call.transform("receive", track.kind);
      const video = document.createElement("video");
      Object.assign(video, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
      document.body.append(video);
    };
    await call.publish();
    return call;
  }

  transform(direction, kind) {
    return new RTCRtpScriptTransform(this.worker, { direction, id: kind, track: TRACKS[kind], codec: CODECS[kind] });
  }

  async publish() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
    for (const track of stream.getTracks()) {
      const transceiver = this.publisher.addTransceiver(track, { direction: "sendonly" });
      transceiver.sender.transform = this.transform("send", track.kind);
      const wanted = `${track.kind}/${CODECS[track.kind]}`;
      const { codecs } = RTCRtpReceiver.getCapabilities(track.kind);
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType.toLowerCase() === wanted));
    }
    await this.publisher.setLocalDescription();
    await this.subscriber.setRemoteDescription(this.publisher.localDescription);
    await this.subscriber.setLocalDescription();
    await this.publisher.setRemoteDescription(this.subscriber.localDescription);
  }

  /** The next message of the worker, after an order where one is given. */
  answer(order) {
    const answered = new Promise((resolve) => this.worker.addEventListener("message", ({ data }) => resolve(data), { once: true }));
    if (order !== undefined) this.worker.postMessage(order);
    return answered;
  }

  /** What the decoders made so far. */
  async decoded() {
    const found = { framesDecoded: 0, audioSamples: 0 };
    for (const report of (await this.subscriber.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video") found.framesDecoded = report.framesDecoded;
      else found.audioSamples = report.totalSamplesReceived - report.concealedSamples;
    }
    return found;
  }
}
