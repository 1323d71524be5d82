/** Scenarios: our own sender keys over the epochs, their announcement, use and end ([PERC] 4.8, RFC 8870 section 4.2). */

import { parseTail } from "/worker/crypto/ekt_field.js";
import { parseHeader } from "/worker/crypto/sframe.js";
import { Announcements } from "/worker/media/announcements.js";
import { AUDIO as AUDIO_KIND, VIDEO_KEY as VIDEO_KEY_KIND, VIDEO_OTHER } from "/worker/media/metadata.js";
import { Sender } from "/worker/media/sender.js";
import { holds, same } from "./expect.js";
import { Moment, until } from "./in_time.js";
import { AUDIO, CONFERENCE, Meeting, Party, VIDEO, importEKT, randomBytes, sleep } from "./party.js";

const ektEpochOf = (frame, prefix = 0) => parseHeader(frame, prefix).kidLow & 0xffff;
const spiOf = (frame, prefix = 0) => parseHeader(frame, prefix).kidLow >>> 16;
const ctrOf = (frame, prefix = 0) => parseHeader(frame, prefix).ctrLow;

/** The first frame of a party's microphone under its sender key of this count, which it uses 250 ms after it was made. */
async function firstUnder(party, ektEpoch) {
  for (const end = performance.now() + 3000; ; await sleep(10)) {
    const frame = await party.send("mic", AUDIO);
    if (ektEpochOf(frame) === ektEpoch || performance.now() > end) return frame;
  }
}

export async function aRekeyLosesNoFrame() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const used = [];
  let began = new Moment();
  const exchange = async (ms) => {
    for (const end = performance.now() + ms; performance.now() < end; await sleep(15)) {
      const frame = await alice.send("mic", AUDIO);
      used.push({ at: performance.now(), spi: spiOf(frame), announces: parseTail(frame).full?.spi ?? null });
      const [sound, video] = [await bob.receive("mic", frame), await bob.receive("camera", await alice.send("camera", VIDEO))];
      began.isWithin(2000); // then bob's old keys end
      same(sound, AUDIO, "sound");
      same(video, VIDEO, "video");
    }
  };
  await exchange(60);
  began = new Moment();
  const rekeyed = meeting.rekey([bob]);
  await exchange(20);
  await rekeyed;
  const installing = new Moment();
  await meeting.install([alice]);
  installing.isWithin(50);
  const switchedAt = performance.now();
  const before = used.length;
  await exchange(200);
  const announcing = used.slice(before).filter(({ at }) => at < switchedAt + 200);
  same([...new Set(announcing.map(({ spi }) => spi))], [1], "the old key, while the new one is announced");
  holds(used.slice(before, before + 3).every(({ announces }) => announces === 2), "at once");
  await sleep(100);
  const after = used.length;
  await exchange(60);
  same([...new Set(used.slice(after).map(({ spi }) => spi))], [2], "then the new one");
  for (const id of ["mic", "camera"]) {
    const { frames, ok, dropped } = bob.counters("receive", id);
    same([ok, dropped], [frames, {}], id);
  }
}

export async function rekeysInQuickSuccessionEndTheOldKeyAllTheSame() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  await bob.receive("mic", await alice.send("mic", AUDIO));
  const seen = [];
  const began = performance.now();
  let firstAt = null;
  while (performance.now() - began < 1700) {
    const rekeying = new Moment();
    await meeting.rekey();
    firstAt ??= performance.now();
    for (const end = performance.now() + 90; performance.now() < end; await sleep(20)) {
      const frame = await alice.send("mic", AUDIO);
      seen.push({ at: performance.now(), spi: spiOf(frame) });
      same(await bob.receive("mic", frame), AUDIO, "sound");
    }
    rekeying.isWithin(200); // then the next key is in use before it was overtaken
  }
  holds(seen.filter(({ at }) => at < began + 900).every(({ spi }) => spi === 1), "announcing");
  const later = seen.filter(({ at }) => at > firstAt + 1050);
  holds(later.length > 5 && later.every(({ spi }) => spi > 1), "the old key is over after a second");
}

/** The key that he switched to in silence was announced to nobody. */
export async function whoSpeaksRightAfterARekeyIsHeardThoughHeWasSilentSinceTheOneBefore() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "before");
  await meeting.rekey();
  await sleep(400);
  const rekeyed = new Moment();
  await meeting.rekey();
  const frame = await alice.send("mic", AUDIO);
  rekeyed.isWithin(250);
  same([await bob.receive("mic", frame), spiOf(frame)], [AUDIO, 1], "under the key that everybody has");
  await sleep(300);
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "and goes on");
  await meeting.rekey();
  await sleep(2100);
  await meeting.rekey();
  const later = await alice.send("mic", AUDIO);
  same([await bob.receive("mic", later), spiOf(later)], [AUDIO, 5], "after a longer silence under the newest");
}

/** Who left at the first rekey has the key of before it; it is not used again, not even while the next one is being made. */
export async function whoWasSilentSinceALeaveNeverUsesTheLeaversKeyAgain() {
  const meeting = await Meeting.of(11, 22);
  const [alice] = meeting.parties;
  same(spiOf(await alice.send("mic", AUDIO)), 1, "before");
  await meeting.rekey();
  await sleep(1300);
  const seen = [];
  const rekeyed = meeting.rekey();
  let isOver = false;
  void rekeyed.then(() => (isOver = true));
  while (!isOver) {
    await alice.send("mic", AUDIO).then((frame) => seen.push(spiOf(frame)), () => seen.push("none"));
    await sleep(0);
  }
  seen.push(spiOf(await alice.send("mic", AUDIO)));
  holds(!seen.includes(1), `the leaver's key: ${seen.join(" ")}`);
  same(seen.at(-1), 3, "then the newest");
}

export async function fullFieldsAreSentInTheirTime() {
  const announcements = new Announcements();
  const sound = (now) => announcements.isDue({ track: "mic", kind: AUDIO_KIND, rtpSource: () => 0 }, now);
  const video = (now, kind = VIDEO_OTHER) => announcements.isDue({ track: "camera", kind, rtpSource: () => 0 }, now);
  same([0, 20, 40, 60, 80, 120, 139, 140, 160].map(sound), [true, true, true, false, false, false, false, true, false], "sound");
  same([200, 210, 220, 230].map((now) => video(now)), [true, true, true, false], "the first three of another track");
  same([video(240, VIDEO_KEY_KIND), video(250, VIDEO_KEY_KIND), video(260)], [true, true, false], "every key frame");
  same([video(1249), video(1250), video(1260)], [false, true, false], "video without sound once a second");
  same([sound(2000), video(2990), video(3000), sound(3001)], [true, false, true, true], "sound announces for video too");
}

export async function eachLayerOfACameraAnnouncesForItself() {
  const announcements = new Announcements();
  let asked = 0;
  const rtpSource = (layer) => () => {
    asked += 1;
    return layer;
  };
  const frame = (layer, now, kind = VIDEO_OTHER) => announcements.isDue({ track: "camera", kind, rtpSource: rtpSource(layer) }, now);
  const both = (now) => [frame(1, now), frame(2, now + 1)];
  same([0, 50, 100, 150].map(both), [[true, true], [true, true], [true, true], [false, false]], "the first three of each");
  same([frame(2, 160, VIDEO_KEY_KIND), frame(1, 170)], [true, false], "a key frame of one is no news of the other");
  const before = asked;
  same([200, 400, 600, 800, 1000, 1050].map(both).flat(), Array(12).fill(false), "quiet");
  same(asked, before, "nothing is asked of frames that cannot announce");
  same([both(1100), both(1110), both(1160)], [[true, false], [false, false], [false, true]], "each a second after its last");
  const alice = (await Meeting.of(11, 22)).parties[0];
  const sent = [];
  for (let count = 0; count < 8; count += 1) sent.push(await alice.send("camera", VIDEO, 100 + (count % 2)));
  same(sent.map((bytes) => parseTail(bytes).full !== null), [...Array(6).fill(true), false, false], "in the engine");
}

export async function aKeyEndsByItself() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const rekeyed = new Moment();
  await meeting.rekey(meeting.parties, 800);
  await sleep(260);
  const frames = [await alice.send("mic", AUDIO), await alice.send("mic", AUDIO)];
  rekeyed.isWithin(800);
  const opened = await bob.receive("mic", frames[0]);
  rekeyed.isWithin(800);
  same(opened, AUDIO, "in time");
  await sleep(600);
  same(await alice.send("mic", AUDIO), "no_key", "sending");
  holds(["unknown_kid", "key_ended", "ekt_spi"].includes(await bob.receive("mic", frames[1])), "receiving");
  await until(() => bob.events.some(({ type }) => type === "expired"));
  same(bob.events.filter(({ type }) => type === "expired"), [{ type: "expired", epoch: 2 }], "event");
  await meeting.rekey();
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "a new epoch heals it");
}

export async function aFrameMayBeFasterThanItsKey() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  await meeting.rekey([alice]);
  await sleep(260);
  const frames = [await alice.send("mic", AUDIO), await alice.send("mic", AUDIO.map((byte) => byte ^ 1)), await alice.send("mic", AUDIO)];
  const transformer = bob.transformer("receive", "mic", "mic");
  const arrived = new Moment();
  for (const frame of frames) transformer.push(frame);
  await sleep(20);
  same(transformer.out.length, 0, "held");
  await meeting.install([bob]);
  arrived.isWithin(100);
  await until(() => transformer.out.length === 3);
  same(transformer.out.map((bytes) => bytes[0]), [0, 1, 0], "in their order");
  await meeting.rekey([alice]);
  await sleep(260);
  for (let count = 0; count < 3; count += 1) transformer.push(await alice.send("mic", AUDIO));
  const lastArrived = new Moment();
  await until(() => bob.counters("receive", "mic").dropped.ekt_spi === 3);
  lastArrived.isWithin(250);
  same([transformer.out.length, bob.counters("receive", "mic").dropped], [3, { ekt_spi: 3 }], "dropped 100 ms after their arrival, not each for itself");
}

export async function anEpochIsInstalledOnce() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "before");
  await meeting.install([alice, bob]);
  await alice.engine.installEpoch({ epoch: 0, spi: 0, ektKey: await importEKT(randomBytes(32)), ttlMs: 1, number: 0, first: true });
  await sleep(300);
  const frame = await alice.send("mic", AUDIO);
  same([spiOf(frame), ektEpochOf(frame), ctrOf(frame)], [1, 0, 1], "the same sender key, its counter going on");
  same(await bob.receive("mic", frame), AUDIO, "still received");
  same(alice.events.filter(({ type }) => type === "installed").length, 1, "reported once");
}

export async function whoSharesAnEpochGetsNewSenderKeys() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "before");
  const carol = await Party.make(33);
  meeting.parties.push(carol);
  meeting.publishRoster();
  await meeting.install([carol]);
  const frame = await firstUnder(alice, 1);
  same([spiOf(frame), ektEpochOf(frame), ctrOf(frame)], [1, 1, 0], "a second sender key in the same epoch");
  same(await bob.receive("mic", frame), AUDIO, "bob");
  same(await carol.receive("mic", frame), AUDIO, "carol");
}

export async function whatWasSentBeforeAJoinIsNotHeardByWhoShares() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const earlier = [];
  for (let count = 0; count < 6; count += 1) earlier.push(await alice.send("mic", AUDIO));
  for (const frame of earlier) same(await bob.receive("mic", frame), AUDIO, "at its time");
  const carol = await Party.make(33);
  meeting.parties.push(carol);
  meeting.publishRoster([bob, carol]);
  await meeting.install([carol]);
  const late = await alice.send("mic", AUDIO);
  for (const frame of [...earlier, late]) holds(["ekt_epoch", "unknown_kid"].includes(await carol.receive("mic", frame)), "whoever plays it");
  same(carol.counters("receive", "mic").ok, 0, "nothing at all");
  alice.engine.setRoster(meeting.roster, meeting.number);
  same(await carol.receive("mic", await firstUnder(alice, meeting.number)), AUDIO, "but what is sent after it");
  for (const frame of earlier) holds(typeof (await carol.receive("mic", frame, "mic2")) === "string", "nor afterwards");
}

export async function aChangeThatConcernsNobodyStillLetsTheNextOneHear() {
  const meeting = await Meeting.of(11, 22);
  const [alice] = meeting.parties;
  meeting.publishRoster(); // locked, say
  const carol = await Party.make(33);
  meeting.parties.push(carol);
  meeting.publishRoster();
  meeting.publishRoster(); // and again, before carol has her welcome
  await meeting.install([carol]);
  const frame = await firstUnder(alice, 3);
  same([spiOf(frame), ektEpochOf(frame)], [1, 3], "numbered by the roster");
  same(await carol.receive("mic", frame), AUDIO, "carol");
}

export async function whoJoinsWithARekeyCostsOneSenderKey() {
  const meeting = await Meeting.of(11, 22);
  const [alice] = meeting.parties;
  const carol = await Party.make(33);
  meeting.parties.push(carol);
  await meeting.rekey();
  meeting.publishRoster();
  await sleep(300);
  const frame = await alice.send("mic", AUDIO);
  same([spiOf(frame), ektEpochOf(frame)], [2, 1], "the one made for the new epoch");
  same(await carol.receive("mic", frame), AUDIO, "carol");
}

export async function whoIsMutedSwitchesToo() {
  const { identityKeys } = await Party.make(11);
  const sender = new Sender({ conferenceId: CONFERENCE, now: () => performance.now() });
  sender.setIdentity({ sourceId: 11, privateKey: identityKeys.privateKey });
  const begin = async (epoch, lifetimeMs) =>
    sender.begin({ epoch, spi: epoch, ektKey: await importEKT(randomBytes(32)), expiresAt: performance.now() + lifetimeMs }, epoch);
  const send = () => sender.protect({ bytes: AUDIO, track: "mic", codec: "opus" }).then(({ data }) => data, ({ code }) => code);
  await begin(1, 60_000);
  same(spiOf(await send()), 1, "the first");
  await begin(2, 400);
  await sleep(500);
  same(await send(), "no_key", "the first is not gone back to when the second is over");
  await begin(3, 60_000);
  same(spiOf(await send()), 3, "the third");
  sender.forget();
  await begin(4, 60_000);
  same(await send(), "no_key", "without an identity there is no key");
}

export async function countersNeverRepeat() {
  const { parties: [alice] } = await Meeting.of(11, 22);
  const frames = await Promise.all([alice.send("mic", AUDIO), alice.send("camera", VIDEO), alice.send("screen", VIDEO)]);
  const counters = [ctrOf(frames[0]), ctrOf(frames[1], 3), ctrOf(frames[2], 3)];
  same(counters.sort(), [0, 1, 2], "one counter for all tracks");
}

export async function aSenderKeyEndsWithItsCounters() {
  const { identityKeys } = await Party.make(11);
  const sender = new Sender({ conferenceId: CONFERENCE, now: () => 0, counterLimit: 8 });
  sender.setIdentity({ sourceId: 11, privateKey: identityKeys.privateKey });
  const begin = async (epoch) => sender.begin({ epoch, spi: epoch, ektKey: await importEKT(randomBytes(32)), expiresAt: Infinity }, epoch);
  const send = async () => (await sender.protect({ bytes: AUDIO, track: "mic", codec: "opus" })).data;
  await begin(1);
  const names = [];
  for (let count = 0; count < 8; count += 1) names.push(await send());
  same(names.map((frame) => ctrOf(frame)), [0, 1, 2, 3, 4, 5, 6, 7], "all of them");
  for (let count = 0; count < 3; count += 1) same(await send().catch(({ code }) => code), "counter_exhausted", "then none");
  sender.clear();
  await begin(2);
  const next = await send();
  same([spiOf(next), ctrOf(next)], [2, 0], "until the next epoch");
}

export async function keysCannotBeRead() {
  const ektKey = await importEKT(randomBytes(32));
  const refused = await crypto.subtle.exportKey("raw", ektKey).then(() => false, () => true);
  holds(refused, "an EKT key");
  const { identityKeys } = await Party.make(11);
  holds(await crypto.subtle.exportKey("pkcs8", identityKeys.privateKey).then(() => false, () => true), "an identity key");
}
