/** Scenarios: which sender keys are taken, and when they end ([PERC] 4.8, RFC 8870 section 4.3). */

import { parseTail } from '/worker/crypto/ekt_field.js';
import { parseHeader } from '/worker/crypto/sframe.js';
import { Announcements } from '/worker/media/announcements.js';
import { AUDIO as AUDIO_KIND, VIDEO_KEY as VIDEO_KEY_KIND, VIDEO_OTHER } from '/worker/media/metadata.js';
import { SenderKey } from '/worker/media/sender_key.js';
import { Sender } from '/worker/media/sender.js';
import { holds, same } from './expect.js';
import { AUDIO, CONFERENCE, Meeting, Party, VIDEO, VIDEO_KEY, importEKT, randomBytes, sleep } from './party.js';

const METADATA = { mic: Uint8Array.of(1, 0, 0, 1) };
const ektEpochOf = (frame, prefix = 0) => Number(parseHeader(frame.subarray(prefix)).kid & 0xffffn);
const spiOf = (frame, prefix = 0) => Number((parseHeader(frame.subarray(prefix)).kid >> 16n) & 0xffffn);
const ctrOf = (frame, prefix = 0) => Number(parseHeader(frame.subarray(prefix)).ctr);

/** A sender key made outside an engine: by `identity`, for `sourceId`, under the EKT key of the meeting. */
async function forge({ meeting, identity, sourceId, ektEpoch, epoch = meeting.epoch, ektBytes = meeting.ektBytes, conferenceId = CONFERENCE }) {
  const sender = { conferenceId, suite: 5, counterLimit: 2n ** 32n, sourceId, privateKey: identity.identityKeys.privateKey };
  const release = { epoch, spi: epoch, ektKey: await importEKT(ektBytes), expiresAt: Infinity };
  return SenderKey.make(sender, release, ektEpoch);
}

const sound = (key, tail = key.tail) => key.protect({ prefix: new Uint8Array(0), plaintext: AUDIO, metadata: METADATA.mic }, tail);

export async function aKeyIsTakenFromItsOwnSourceOnly() {
  const meeting = await Meeting.of(11, 22, 33);
  const [alice, bob, mallory] = meeting.parties;
  const claimed = await forge({ meeting, identity: mallory, sourceId: 11, ektEpoch: 0 });
  same(await bob.receive('mic', await sound(claimed)), 'ekt_signature', "mallory's key under alice's source id");
  const own = await forge({ meeting, identity: mallory, sourceId: 33, ektEpoch: 0 });
  same(await bob.receive('mic', await sound(claimed, own.tail)), 'ekt_signature', "mallory's own field under alice's frame");
  const elsewhere = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0, conferenceId: 'B'.repeat(22) });
  same(await bob.receive('mic', await sound(elsewhere)), 'ekt_signature', 'signed for another conference');
  const otherKey = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0, ektBytes: randomBytes(32) });
  same(await bob.receive('mic', await sound(otherKey)), 'ekt_unwrap', 'wrapped under another EKT key');
  same(bob.counters('receive', 'mic').ok, 0, 'nothing was opened');
  same(await bob.receive('mic', await alice.send('mic', AUDIO)), AUDIO, 'alice herself');
}

export async function fieldsOfTheSameOrALowerCountAreDropped() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const third = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 3 });
  const thirdToo = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 3 });
  const second = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 2 });
  const fourth = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 4 });
  same(await bob.receive('mic', await sound(third)), AUDIO, 'first');
  same(await bob.receive('mic', await sound(third)), AUDIO, 'the same bytes again: nothing happens');
  same(await bob.receive('mic', await sound(thirdToo)), 'replayed', 'equal count, other bytes: the first one holds');
  await sound(thirdToo);
  same(await bob.receive('mic', await sound(thirdToo)), 'sframe_authentication', 'so that its frames are forgeries');
  same(await bob.receive('mic', await sound(third, thirdToo.tail)), AUDIO, 'and its field is dropped from a true frame');
  same(await bob.receive('mic', await sound(second)), 'ekt_epoch', 'lower count');
  same(await bob.receive('mic', await sound(third, second.tail)), AUDIO, 'the frame goes on without its field');
  same(bob.counters('receive', 'mic').fields, { ekt_epoch: 2 }, 'dropped fields');
  same(await bob.receive('mic', await sound(third, fourth.tail)), AUDIO, 'a higher one is announced');
  same(await bob.receive('mic', await sound(fourth, null)), AUDIO, 'and used');
  same(await bob.receive('mic', await sound(third, null)), 'key_ended', 'the older one is over');
  same(await bob.receive('mic', await sound(third)), 'key_ended', 'its field does not bring it back');
}

export async function aFieldIsKeptOnlyWithAnAuthenticFrame() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const first = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0 });
  const second = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 1 });
  same(await bob.receive('mic', await sound(first)), AUDIO, 'first');
  const carrier = await sound(first, second.tail);
  carrier[20] ^= 1;
  same(await bob.receive('mic', carrier), 'sframe_authentication', 'a true field on a false frame');
  same(await bob.receive('mic', await sound(second, null)), 'unknown_kid', 'was not kept');
  same(await bob.receive('mic', await sound(first, second.tail)), AUDIO, 'on a true frame');
  same(await bob.receive('mic', await sound(second, null)), AUDIO, 'it is');
}

export async function whoLeftCannotSpeakOn() {
  const meeting = await Meeting.of(11, 22, 33);
  const [alice, bob, mallory] = meeting.parties;
  const old = await forge({ meeting, identity: mallory, sourceId: 33, ektEpoch: 0 });
  same(await bob.receive('mic', await sound(old)), AUDIO, 'mallory while he is in');
  const { epoch, ektBytes } = meeting;
  await meeting.rekey([alice, bob]);
  const fresh = await forge({ meeting, identity: mallory, sourceId: 33, ektEpoch: 1, epoch, ektBytes });
  same(await bob.receive('mic', await sound(fresh)), 'ekt_spi', 'no new key under the older EKT key');
  same(await bob.receive('mic', await sound(old, fresh.tail)), AUDIO, 'a known key is known for a moment');
  same(bob.counters('receive', 'mic').fields, { ekt_spi: 1 }, 'but announces nothing');
  meeting.parties = [alice, bob];
  meeting.publishRoster();
  same(await bob.receive('mic', await sound(old, null)), 'not_in_roster', 'out of the roster: at once');
  same(await bob.receive('mic', await sound(fresh)), 'not_in_roster', 'whatever he announces');
}

export async function anOldKeyEndsTwoSecondsAfterTheRekey() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const old = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0 });
  same(await bob.receive('mic', await sound(old)), AUDIO, 'before');
  await meeting.rekey();
  await sleep(1500);
  same(await bob.receive('mic', await sound(old, null)), AUDIO, 'still on its way');
  await sleep(600);
  holds(['key_ended', 'unknown_kid'].includes(await bob.receive('mic', await sound(old, null))), 'over');
}

export async function anOldKeyEndsWithTheFirstFrameOfTheNewOne() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const video = await alice.send('camera', VIDEO_KEY);
  const [late, later, latest] = [await alice.send('mic', AUDIO), await alice.send('camera', VIDEO), await alice.send('camera', VIDEO)];
  same(await bob.receive('camera', video), VIDEO_KEY, 'before');
  await meeting.rekey();
  same(await bob.receive('mic', await alice.send('mic', AUDIO)), AUDIO, 'announcing');
  await sleep(260);
  same(await bob.receive('mic', await alice.send('mic', AUDIO)), AUDIO, 'the new key');
  same(await bob.receive('mic', late), 'key_ended', 'sound under the old key');
  same(await bob.receive('camera', later), VIDEO, 'video that was on its way');
  await sleep(520);
  same(await bob.receive('camera', latest), 'key_ended', 'but not for long');
}

export async function aRekeyLosesNoFrame() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const used = [];
  const exchange = async (ms) => {
    for (const until = performance.now() + ms; performance.now() < until; await sleep(15)) {
      const frame = await alice.send('mic', AUDIO);
      used.push({ at: performance.now(), spi: spiOf(frame), announces: parseTail(frame).full?.spi ?? null });
      same(await bob.receive('mic', frame), AUDIO, 'sound');
      same(await bob.receive('camera', await alice.send('camera', VIDEO)), VIDEO, 'video');
    }
  };
  await exchange(60);
  const rekeyed = meeting.rekey([bob]);
  await exchange(20);
  await rekeyed;
  await meeting.install([alice]);
  const switchedAt = performance.now();
  const before = used.length;
  await exchange(200);
  const announcing = used.slice(before).filter(({ at }) => at < switchedAt + 200);
  same([...new Set(announcing.map(({ spi }) => spi))], [1], 'the old key, while the new one is announced');
  same(used.slice(before, before + 3).map(({ announces }) => announces), [2, 2, 2], 'at once');
  await sleep(100);
  const after = used.length;
  await exchange(60);
  same([...new Set(used.slice(after).map(({ spi }) => spi))], [2], 'then the new one');
  for (const id of ['mic', 'camera']) {
    const { frames, ok, dropped } = bob.counters('receive', id);
    same([ok, dropped], [frames, {}], id);
  }
}

export async function rekeysInQuickSuccessionEndTheOldKeyAllTheSame() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  await bob.receive('mic', await alice.send('mic', AUDIO));
  const seen = [];
  const began = performance.now();
  while (performance.now() - began < 1700) {
    await meeting.rekey();
    for (const until = performance.now() + 90; performance.now() < until; await sleep(20)) {
      const frame = await alice.send('mic', AUDIO);
      seen.push({ at: performance.now() - began, spi: spiOf(frame) });
      same(await bob.receive('mic', frame), AUDIO, 'sound');
    }
  }
  holds(seen.filter(({ at }) => at < 900).every(({ spi }) => spi === 1), 'announcing');
  holds(seen.filter(({ at }) => at > 1400).every(({ spi }) => spi > 5), 'the old key is over after a second');
}

export async function fullFieldsAreSentInTheirTime() {
  const announcements = new Announcements();
  const sound = (now) => announcements.isDue({ track: 'mic', kind: AUDIO_KIND }, now);
  const video = (now, kind = VIDEO_OTHER) => announcements.isDue({ track: 'camera', kind }, now);
  same([0, 20, 40, 60, 80, 120, 139, 140, 160].map(sound), [true, true, true, false, false, false, false, true, false], 'sound');
  same([200, 210, 220, 230].map((now) => video(now)), [true, true, true, false], 'the first three of another track');
  same([video(240, VIDEO_KEY_KIND), video(250, VIDEO_KEY_KIND), video(260)], [true, true, false], 'every key frame');
  same([video(1249), video(1250), video(1260)], [false, true, false], 'video without sound once a second');
  same([sound(2000), video(2990), video(3000), sound(3001)], [true, false, true, true], 'sound announces for video too');
}

export async function aKeyEndsByItself() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  await meeting.rekey(meeting.parties, 800);
  await sleep(260);
  const frames = [await alice.send('mic', AUDIO), await alice.send('mic', AUDIO)];
  same(await bob.receive('mic', frames[0]), AUDIO, 'in time');
  await sleep(600);
  same(await alice.send('mic', AUDIO), 'no_key', 'sending');
  holds(['unknown_kid', 'key_ended', 'ekt_spi'].includes(await bob.receive('mic', frames[1])), 'receiving');
  same(bob.events.filter(({ type }) => type === 'expired'), [{ type: 'expired', epoch: 2 }], 'event');
  await meeting.rekey();
  same(await bob.receive('mic', await alice.send('mic', AUDIO)), AUDIO, 'a new epoch heals it');
}

export async function aFrameMayBeFasterThanItsKey() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  await meeting.rekey([alice]);
  await sleep(260);
  const frames = [await alice.send('mic', AUDIO), await alice.send('mic', AUDIO.map((byte) => byte ^ 1)), await alice.send('mic', AUDIO)];
  const transformer = bob.transformer('receive', 'mic', 'mic');
  for (const frame of frames) transformer.push(frame);
  await sleep(20);
  same(transformer.out.length, 0, 'held');
  await meeting.install([bob]);
  await sleep(60);
  same(transformer.out.map((bytes) => bytes[0]), [0, 1, 0], 'in their order');
  await meeting.rekey([alice]);
  await sleep(260);
  for (let count = 0; count < 3; count += 1) transformer.push(await alice.send('mic', AUDIO));
  await sleep(250);
  same([transformer.out.length, bob.counters('receive', 'mic').dropped], [3, { ekt_spi: 3 }], 'dropped 100 ms after their arrival, not each for itself');
}

export async function anEpochIsInstalledOnce() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  same(await bob.receive('mic', await alice.send('mic', AUDIO)), AUDIO, 'before');
  await meeting.install([alice, bob]);
  await alice.engine.installEpoch({ epoch: 0, spi: 0, ektKey: await importEKT(randomBytes(32)), ttlMs: 1, first: true });
  await sleep(300);
  const frame = await alice.send('mic', AUDIO);
  same([spiOf(frame), ektEpochOf(frame), ctrOf(frame)], [1, 0, 1], 'the same sender key, its counter going on');
  same(await bob.receive('mic', frame), AUDIO, 'still received');
  same(alice.events.filter(({ type }) => type === 'installed').length, 1, 'reported once');
}

export async function whoSharesAnEpochGetsNewSenderKeys() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  same(await bob.receive('mic', await alice.send('mic', AUDIO)), AUDIO, 'before');
  const carol = await Party.make(33);
  meeting.parties.push(carol);
  meeting.publishRoster();
  await meeting.install([carol]);
  await sleep(300);
  const frame = await alice.send('mic', AUDIO);
  same([spiOf(frame), ektEpochOf(frame), ctrOf(frame)], [1, 1, 0], 'a second sender key in the same epoch');
  same(await bob.receive('mic', frame), AUDIO, 'bob');
  same(await carol.receive('mic', frame), AUDIO, 'carol');
}

export async function whoJoinsWithARekeyCostsOneSenderKey() {
  const meeting = await Meeting.of(11, 22);
  const [alice] = meeting.parties;
  const carol = await Party.make(33);
  meeting.parties.push(carol);
  await meeting.rekey();
  meeting.publishRoster();
  await sleep(300);
  const frame = await alice.send('mic', AUDIO);
  same([spiOf(frame), ektEpochOf(frame)], [2, 0], 'the one made for the new epoch');
  same(await carol.receive('mic', frame), AUDIO, 'carol');
}

export async function countersNeverRepeat() {
  const { parties: [alice] } = await Meeting.of(11, 22);
  const frames = await Promise.all([alice.send('mic', AUDIO), alice.send('camera', VIDEO), alice.send('screen', VIDEO)]);
  const counters = [ctrOf(frames[0]), ctrOf(frames[1], 3), ctrOf(frames[2], 3)];
  same(counters.sort(), [0, 1, 2], 'one counter for all tracks');
}

export async function aSenderKeyEndsWithItsCounters() {
  const { identityKeys } = await Party.make(11);
  let now = 0;
  const sender = new Sender({ conferenceId: CONFERENCE, now: () => now, counterLimit: 8n });
  sender.setIdentity({ sourceId: 11, privateKey: identityKeys.privateKey });
  await sender.begin({ epoch: 1, spi: 1, ektKey: await importEKT(randomBytes(32)), expiresAt: Infinity });
  const send = async () => (await sender.protect({ bytes: AUDIO, track: 'mic', codec: 'opus' })).data;
  const names = [];
  for (let count = 0; count < 8; count += 1) names.push(await send());
  same(names.map((frame) => ctrOf(frame)), [0, 1, 2, 3, 4, 5, 6, 7], 'all of them');
  same(await send().catch(({ code }) => code), 'counter_exhausted', 'then none');
  await sleep(100);
  now += 250;
  const next = await send();
  same([ektEpochOf(next), ctrOf(next)], [1, 0], 'but the next sender key was made in time');
}

export async function keysCannotBeRead() {
  const ektKey = await importEKT(randomBytes(32));
  const refused = await crypto.subtle.exportKey('raw', ektKey).then(() => false, () => true);
  holds(refused, 'an EKT key');
  const { identityKeys } = await Party.make(11);
  holds(await crypto.subtle.exportKey('pkcs8', identityKeys.privateKey).then(() => false, () => true), 'an identity key');
}
