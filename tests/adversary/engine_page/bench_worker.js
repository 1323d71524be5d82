/** Real engines of several endpoints in one worker; the test gives them their keys and rosters and drives their frames. */

import { Party, importEKT, sleep } from "/rules/party.js";

/** @type {Map<string, Party>} */
const parties = new Map();
const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const outcome = (result) => (typeof result === "string" ? { code: result } : { frame: toHex(result) });

const ORDERS = {
  async make({ name, conferenceId, sourceId, identity }) {
    const party = await Party.make(sourceId, conferenceId);
    const privateKey = await crypto.subtle.importKey("pkcs8", fromHex(identity), "Ed25519", false, ["sign"]);
    party.engine.setIdentity({ sourceId, identityKeys: { privateKey } });
    parties.set(name, party);
  },
  async install({ name, epoch, spi, ekt, first, rosterNumber: number }) {
    const ektKey = await importEKT(fromHex(ekt));
    await parties.get(name).engine.installEpoch({ epoch, spi, ektKey, ttlMs: 600_000, first, number });
  },
  async roster({ name, entries, rosterNumber }) {
    parties.get(name).engine.setRoster(new Map(entries.map(([sourceId, key]) => [sourceId, fromHex(key)])), rosterNumber);
  },
  send: async ({ name, track, data }) => outcome(await parties.get(name).send(track, fromHex(data))),
  /** Frames that lie ready, as fast as the engine takes them. */
  async sendMany({ name, track, data, count }) {
    const transformer = parties.get(name).transformer("send", track, track);
    const before = transformer.out.length;
    for (let sent = 0; sent < count; sent += 1) {
      transformer.push(fromHex(data));
      if (sent % 200 === 199) while (transformer.out.length <= before + sent) await sleep(1);
    }
    while (transformer.out.length < before + count) await sleep(1);
    return transformer.out.slice(before).map(toHex);
  },
  /** `frames` at once on one subscription; nobody waits for them. */
  async flood({ name, track, frames, id }) {
    const transformer = parties.get(name).transformer("receive", id, track);
    for (const frame of frames) transformer.push(fromHex(frame));
  },
  receive: async ({ name, track, frame, id }) => outcome(await parties.get(name).receive(track, fromHex(frame), id)),
  counters: async ({ name, id }) => parties.get(name).counters("receive", id),
  sources: async ({ name }) => parties.get(name).events.filter(({ type }) => type === "source"),
};

onmessage = async ({ data: { number, order, ...members } }) => {
  try {
    postMessage({ number, value: await ORDERS[order](members) });
  } catch (error) {
    postMessage({ number, error: String(error.stack ?? error) });
  }
};
