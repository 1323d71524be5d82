/** Two engines behind the two peer connections of loopback.js; it answers `{counters, events}` when asked. */

import { Meeting, sleep } from "./party.js";

const meeting = await Meeting.of(11, 22);
const [alice, bob] = meeting.parties;
const engines = { send: alice.engine, receive: bob.engine };

onrtctransform = ({ transformer }) => engines[transformer.options.direction].attach(transformer);

const orders = {
  rekey: () => meeting.rekey(),
  withhold: async () => {
    await meeting.rekey([alice]);
    await sleep(2500);
  },
  heal: () => meeting.install([bob]),
  stop: () => alice.engine.setSending(false),
  state: () => undefined,
};

onmessage = async ({ data: order }) => {
  await orders[order]();
  postMessage({ sent: alice.engine.counters(), received: bob.engine.counters(), events: bob.events });
};
postMessage("ready");
