/** What a person chose before, kept in this browser for the next time. Nothing of any conference is among it. */

const NAME = "conclave-choices";

/**
 * `camera`, `mic`: whether it is turned on at the join screen; `…Id`: the device, "" for whichever the browser takes.
 *
 * @typedef {{layout: "grid" | "speaker", camera: boolean, mic: boolean, cameraId: string, micId: string, speakerId: string}} Choices
 */

/** @type {Readonly<Choices>} */
const DEFAULTS = Object.freeze({ layout: "grid", camera: true, mic: true, cameraId: "", micId: "", speakerId: "" });

/** @returns {Choices} */
export function choices() {
  const kept = read();
  const known = Object.entries(DEFAULTS).map(([name, usual]) => [name, typeof kept[name] === typeof usual ? kept[name] : usual]);
  const found = Object.fromEntries(known);
  return { ...found, layout: found.layout === "speaker" ? "speaker" : "grid" };
}

/** @param {Partial<Choices>} chosen */
export function keepChoice(chosen) {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...choices(), ...chosen }));
  } catch {
    // Storage that is full or blocked: the choice holds for this time.
  }
}

/** @returns {Record<string, unknown>} */
function read() {
  try {
    return Object(JSON.parse(localStorage.getItem(NAME) ?? "{}"));
  } catch {
    return {};
  }
}
