/** Runs the scenarios that are asked for: `{name: null | "what failed"}`, or what a scenario gives back. */

import * as epochs from "./epochs.js";
import * as frames from "./frames.js";
import { inTime } from "./in_time.js";
import * as interop from "./interop.js";
import * as keys from "./keys.js";

const SCENARIOS = { ...frames, ...keys, ...epochs };

onmessage = async ({ data: question }) => {
  if (question === "framesForTheTwin") {
    postMessage(await interop.framesForTheTwin());
    return;
  }
  const outcomes = {};
  for (const [name, run] of Object.entries(SCENARIOS)) {
    outcomes[name] = await inTime(run).then(() => null, (error) => String(error.stack ?? error));
  }
  postMessage(outcomes);
};
