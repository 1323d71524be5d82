/** A short sound, to hear which speaker is which. */

const TONES_HZ = [523, 659, 784];
const TONE_S = 0.22;
const LOUDNESS = 0.2;

/**
 * @param {string} speaker device id, "" for the usual one
 * @returns {Promise<void>} settles when the sound is over
 * @throws {DOMException} the speaker cannot be used
 */
export async function playTestSound(speaker) {
  const context = new AudioContext();
  try {
    const out = new MediaStreamAudioDestinationNode(context);
    const audio = new Audio();
    audio.srcObject = out.stream;
    if (speaker && "setSinkId" in audio) {
      await audio.setSinkId(speaker);
    }
    await audio.play();
    await chime(context, out);
    audio.srcObject = null;
  } finally {
    await context.close();
  }
}

/** @param {AudioContext} context @param {AudioNode} out */
function chime(context, out) {
  const endings = TONES_HZ.map((frequency, index) => {
    const startsAt = context.currentTime + 0.05 + index * TONE_S;
    const tone = new OscillatorNode(context, { frequency });
    const volume = new GainNode(context, { gain: 0 });
    // Rising and falling: a tone that is cut clicks.
    volume.gain.setTargetAtTime(LOUDNESS, startsAt, 0.02);
    volume.gain.setTargetAtTime(0, startsAt + TONE_S * 0.6, 0.05);
    tone.connect(volume).connect(out);
    tone.start(startsAt);
    tone.stop(startsAt + TONE_S * 2);
    return new Promise((resolve) => (tone.onended = resolve));
  });
  return Promise.all(endings).then(() => undefined);
}
