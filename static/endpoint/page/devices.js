/** The participant's own camera and microphone. A camera that is off is stopped, so that its light goes out. */

const CAMERA = Object.freeze({ width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 24, max: 30 } });
const MICROPHONE = Object.freeze({ echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } });

/** @typedef {"camera" | "mic"} Kind */

export class Devices {
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  #tracks = { camera: null, mic: null };
  /** @type {Record<Kind, string>} */
  #chosen = { camera: "", mic: "" };
  /** @type {(kind: Kind) => void} called when a device went away by itself */
  onLost = () => undefined;

  get camera() {
    return this.#tracks.camera;
  }

  get mic() {
    return this.#tracks.mic;
  }

  /**
   * Open a device, in place of the one that is open.
   *
   * @param {Kind} kind
   * @param {string} [deviceId]
   * @returns {Promise<MediaStreamTrack>}
   * @throws {DOMException} as getUserMedia
   */
  async open(kind, deviceId = this.#chosen[kind]) {
    const wanted = { ...(kind === "camera" ? CAMERA : MICROPHONE), ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
    const stream = await navigator.mediaDevices.getUserMedia(kind === "camera" ? { video: wanted } : { audio: wanted });
    const [track] = stream.getTracks();
    this.close(kind);
    this.#chosen[kind] = deviceId || track.getSettings().deviceId || "";
    this.#tracks[kind] = track;
    track.onended = () => {
      if (this.#tracks[kind] === track) {
        this.close(kind);
        this.onLost(kind);
      }
    };
    return track;
  }

  /** @param {Kind} kind */
  close(kind) {
    this.#tracks[kind]?.stop();
    this.#tracks[kind] = null;
  }

  closeAll() {
    this.close("camera");
    this.close("mic");
  }

  /** Is this the device that is in use? @param {Kind} kind @param {string} deviceId */
  isChosen(kind, deviceId) {
    return this.#chosen[kind] === deviceId;
  }

  /**
   * Devices of a kind; names are there once one was allowed.
   *
   * @param {MediaDeviceKind} kind
   */
  static async list(kind) {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === kind && device.deviceId !== "");
  }
}

/** Why a device did not open (words.js, DEVICES). @param {unknown} error @returns {"refused" | "missing" | "busy"} */
export function deviceProblem(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return "refused";
  }
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "busy";
}
