/** Frames of the engine for the twin to open. */

import { toHex } from "/page/hex.js";
import { AUDIO, CONFERENCE, Meeting, VIDEO, VIDEO_KEY, sleep } from "./party.js";

/** @returns {Promise<object>} what the twin needs, and what it must find */
export async function framesForTheTwin() {
  const meeting = await Meeting.of(11, 22);
  const [alice] = meeting.parties;
  const ektKeys = { 1: toHex(meeting.ektBytes) };
  const frames = [];
  const send = async (track, codec, data) => frames.push({ track, codec, data: toHex(data), frame: toHex(await alice.send(track, data)) });
  const some = async () => {
    for (const data of [VIDEO_KEY, VIDEO, VIDEO]) await send("camera", "vp8", data);
    for (let count = 0; count < 5; count += 1) await send("mic", "opus", AUDIO);
  };
  await some();
  await meeting.rekey();
  ektKeys[2] = toHex(meeting.ektBytes);
  await some();
  await sleep(260);
  await some();
  return { conferenceId: CONFERENCE, sourceId: 11, identityKey: toHex(alice.identityKey), ektKeys, frames };
}
