/** Loudness of a track, analysed here: the media path carries no audio levels, which would give speech away. */

const SAMPLES = 1024;
/** RMS of ordinary speech close to a microphone, where the meter is full. */
const FULL_SCALE = 0.18;
export const SPEAKING_LEVEL = 0.12;

/** @type {AudioContext | null} */
let shared = null;

function audioContext() {
  shared ??= new AudioContext();
  if (shared.state === "suspended") {
    void shared.resume();
  }
  return shared;
}

export class LevelMeter {
  #source;
  #analyser;
  #samples = new Float32Array(SAMPLES);

  /** @param {MediaStreamTrack} track audio */
  constructor(track) {
    const context = audioContext();
    this.#analyser = new AnalyserNode(context, { fftSize: SAMPLES });
    this.#source = new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) });
    this.#source.connect(this.#analyser);
  }

  /** @returns {number} 0 … 1 */
  level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const energy = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / SAMPLES;
    return Math.min(1, Math.sqrt(energy) / FULL_SCALE);
  }

  stop() {
    this.#source.disconnect();
  }
}
