/** The participant's own camera and microphone. A camera that is off is stopped, so that its light goes out. */

const CAMERA = Object.freeze({ width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 24, max: 30 } });
const MICROPHONE = Object.freeze({ echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } });

/** @typedef {"camera" | "mic"} Kind */

export class Devices {
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  #tracks = { camera: null, mic: null };
  /** @type {Record<Kind, string>} */
  #chosen = { camera: "", mic: "" };
  /** Which request for a device is the latest; an answer to an earlier one comes too late. @type {Record<Kind, number>} */
  #requests = { camera: 0, mic: 0 };
  #closures = 0;
  /** @type {Record<Kind, boolean>} */
  #wanted;
  /** @type {(kind: Kind) => void} called when a device was opened, or went away by itself */
  onChanged = () => undefined;

  /** @param {import("./choices.js").Choices} choices of the time before */
  constructor({ camera, mic, cameraId, micId }) {
    this.#wanted = { camera, mic };
    this.#chosen = { camera: cameraId, mic: micId };
  }

  /** How often all were closed. */
  get closures() {
    return this.#closures;
  }

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
   * @param {string} [deviceId] this one and no other; without it the one of before, as far as it is there
   * @returns {Promise<MediaStreamTrack>}
   * @throws {DOMException} as getUserMedia; AbortError where it was closed, or opened again, in the meantime
   */
  async open(kind, deviceId) {
    const device = deviceId ? { exact: deviceId } : this.#chosen[kind] ? { ideal: this.#chosen[kind] } : undefined;
    const wanted = { ...(kind === "camera" ? CAMERA : MICROPHONE), ...(device ? { deviceId: device } : {}) };
    const request = ++this.#requests[kind];
    this.#wanted[kind] = true;
    const stream = await navigator.mediaDevices.getUserMedia(kind === "camera" ? { video: wanted } : { audio: wanted });
    const [track] = stream.getTracks();
    if (request !== this.#requests[kind]) {
      track.stop();
      throw new DOMException("closed in the meantime", "AbortError");
    }
    this.#tracks[kind]?.stop();
    this.#chosen[kind] = deviceId || track.getSettings().deviceId || "";
    this.#tracks[kind] = track;
    track.onended = () => {
      if (this.#tracks[kind] === track) {
        this.close(kind);
        this.onChanged(kind);
      }
    };
    this.onChanged(kind);
    return track;
  }

  /** @param {Kind} kind */
  close(kind) {
    this.#requests[kind] += 1;
    this.#tracks[kind]?.stop();
    this.#tracks[kind] = null;
  }

  /** Close a device because its owner said so. @param {Kind} kind */
  turnOff(kind) {
    this.#wanted[kind] = false;
    this.close(kind);
  }

  /** Has its owner not turned it off? @param {Kind} kind */
  isWanted(kind) {
    return this.#wanted[kind];
  }

  closeAll() {
    this.#closures += 1;
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
