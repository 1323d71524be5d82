/** Thousands of pauses before a new connection and a new join, by how many tries failed before; printed as JSON, in ms. */

import { pauseMs } from "../../../static/endpoint/call/pace.js";
import { pause } from "../../../static/endpoint/worker/session/timetable.js";

const TRIES = 8;
const COUNT = 2_000;
/** Nobody waits here: what would be waited is kept. @type {number[]} */
let waited = [];
globalThis.setTimeout = (done, ms) => {
  waited.push(ms);
  done();
};

async function connections(attempt, atLeastS = 0) {
  waited = [];
  for (let count = 0; count < COUNT; count += 1) await pause(attempt, atLeastS);
  return waited;
}

const tries = [...Array(TRIES).keys()];
const joins = tries.map((failures) => Array.from({ length: COUNT }, () => pauseMs(failures)));
const asked = await connections(0, 10);
const connected = [];
for (const attempt of tries) connected.push(await connections(attempt));
process.stdout.write(JSON.stringify({ joins, connected, asked: [asked] }));
