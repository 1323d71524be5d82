/** Scenarios: which sender keys are taken, and when they end ([PERC] 4.8, RFC 8870 section 4.3). */

import { AUDIO as AUDIO_KIND } from "/worker/media/metadata.js";
import { SenderKey } from "/worker/media/sender_key.js";
import { holds, same } from "./expect.js";
import { Moment } from "./in_time.js";
import { AUDIO, CONFERENCE, Meeting, VIDEO, VIDEO_KEY, importEKT, randomBytes, sleep } from "./party.js";

/** A sender key made outside an engine: by `identity`, for `sourceId`, under the EKT key of the meeting. */
async function forge({ meeting, identity, sourceId, ektEpoch, epoch = meeting.epoch, ektBytes = meeting.ektBytes, conferenceId = CONFERENCE }) {
  const sender = { conferenceId, suite: 5, counterLimit: 2 ** 32, sourceId, privateKey: identity.identityKeys.privateKey };
  const release = { epoch, spi: epoch, ektKey: await importEKT(ektBytes), expiresAt: Infinity };
  return SenderKey.make(sender, release, ektEpoch);
}

async function sound(key, tail = key.tail) {
  const { data, at, ciphertext } = key.seal({ bytes: AUDIO, prefixLength: 0, kind: AUDIO_KIND, track: "mic", codec: "opus" }, tail);
  data.set(new Uint8Array(await ciphertext), at);
  return data;
}

export async function aKeyIsTakenFromItsOwnSourceOnly() {
  const meeting = await Meeting.of(11, 22, 33);
  const [alice, bob, mallory] = meeting.parties;
  const claimed = await forge({ meeting, identity: mallory, sourceId: 11, ektEpoch: 0 });
  same(await bob.receive("mic", await sound(claimed)), "ekt_signature", "mallory's key under alice's source id");
  const own = await forge({ meeting, identity: mallory, sourceId: 33, ektEpoch: 0 });
  same(await bob.receive("mic", await sound(claimed, own.tail)), "ekt_signature", "mallory's own field under alice's frame");
  const elsewhere = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0, conferenceId: "B".repeat(22) });
  same(await bob.receive("mic", await sound(elsewhere)), "ekt_signature", "signed for another conference");
  const otherKey = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0, ektBytes: randomBytes(32) });
  same(await bob.receive("mic", await sound(otherKey)), "ekt_unwrap", "wrapped under another EKT key");
  same(bob.counters("receive", "mic").ok, 0, "nothing was opened");
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "alice herself");
}

export async function fieldsOfTheSameOrALowerCountAreDropped() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const third = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 3 });
  const thirdToo = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 3 });
  const second = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 2 });
  const fourth = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 4 });
  same(await bob.receive("mic", await sound(third)), AUDIO, "first");
  same(await bob.receive("mic", await sound(third)), AUDIO, "the same bytes again: nothing happens");
  same(await bob.receive("mic", await sound(thirdToo)), "replayed", "equal count, other bytes: the first one holds");
  await sound(thirdToo);
  same(await bob.receive("mic", await sound(thirdToo)), "sframe_authentication", "so that its frames are forgeries");
  same(await bob.receive("mic", await sound(third, thirdToo.tail)), AUDIO, "and its field is dropped from a true frame");
  same(await bob.receive("mic", await sound(second)), "ekt_epoch", "lower count");
  same(await bob.receive("mic", await sound(third, second.tail)), AUDIO, "the frame goes on without its field");
  same(bob.counters("receive", "mic").fields, { ekt_epoch: 2 }, "dropped fields");
  same(await bob.receive("mic", await sound(third, fourth.tail)), AUDIO, "a higher one is announced");
  same(await bob.receive("mic", await sound(fourth, null)), AUDIO, "and used");
  same(await bob.receive("mic", await sound(third, null)), "key_ended", "the older one is over");
  same(await bob.receive("mic", await sound(third)), "key_ended", "its field does not bring it back");
}

export async function aFieldIsKeptOnlyWithAnAuthenticFrame() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const first = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0 });
  const second = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 1 });
  same(await bob.receive("mic", await sound(first)), AUDIO, "first");
  const carrier = await sound(first, second.tail);
  carrier[20] ^= 1;
  same(await bob.receive("mic", carrier), "sframe_authentication", "a true field on a false frame");
  same(await bob.receive("mic", await sound(second, null)), "unknown_kid", "was not kept");
  same(await bob.receive("mic", await sound(first, second.tail)), AUDIO, "on a true frame");
  same(await bob.receive("mic", await sound(second, null)), AUDIO, "it is");
}

export async function whoLeftCannotSpeakOn() {
  const meeting = await Meeting.of(11, 22, 33);
  const [alice, bob, mallory] = meeting.parties;
  const old = await forge({ meeting, identity: mallory, sourceId: 33, ektEpoch: 0 });
  same(await bob.receive("mic", await sound(old)), AUDIO, "mallory while he is in");
  const { epoch, ektBytes } = meeting;
  await meeting.rekey([alice, bob]);
  const fresh = await forge({ meeting, identity: mallory, sourceId: 33, ektEpoch: 1, epoch, ektBytes });
  same(await bob.receive("mic", await sound(fresh)), "ekt_spi", "no new key under the older EKT key");
  same(await bob.receive("mic", await sound(old, fresh.tail)), AUDIO, "a known key is known for a moment");
  same(bob.counters("receive", "mic").fields, { ekt_spi: 1 }, "but announces nothing");
  meeting.parties = [alice, bob];
  meeting.publishRoster();
  same(await bob.receive("mic", await sound(old, null)), "not_in_roster", "out of the roster: at once");
  same(await bob.receive("mic", await sound(fresh)), "not_in_roster", "whatever he announces");
}

/** Its sender may have begun to use it, in frames that are on their way, before he heard of the rekey. */
export async function aKeyThatWasAnnouncedBeforeARekeyMayStillBeUsedForTwoSeconds() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const used = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0 });
  const announced = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 1 });
  const late = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 2 });
  same(await bob.receive("mic", await sound(used, announced.tail)), "unknown_kid", "not its own announcement");
  same(await bob.receive("mic", await sound(used)), AUDIO, "before");
  same(await bob.receive("mic", await sound(used, announced.tail)), AUDIO, "announcing another");
  const rekeyed = new Moment();
  await meeting.rekey();
  const opened = await bob.receive("mic", await sound(announced, null));
  rekeyed.isWithin(2000);
  same(opened, AUDIO, "on its way");
  same(await bob.receive("mic", await sound(announced, late.tail)), AUDIO, "still");
  same(await bob.receive("mic", await sound(late, null)), "unknown_kid", "but none that was announced after the rekey");
  same(await bob.receive("mic", await sound(late)), "ekt_spi", "nor announces itself");
  await sleep(2100);
  holds(["key_ended", "unknown_kid"].includes(await bob.receive("mic", await sound(announced, null))), "over");
}

export async function anOldKeyEndsTwoSecondsAfterTheRekey() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const old = await forge({ meeting, identity: alice, sourceId: 11, ektEpoch: 0 });
  same(await bob.receive("mic", await sound(old)), AUDIO, "before");
  const rekeyed = new Moment();
  await meeting.rekey();
  await sleep(1500);
  const onItsWay = await bob.receive("mic", await sound(old, null));
  rekeyed.isWithin(2000);
  same(onItsWay, AUDIO, "still on its way");
  await sleep(600);
  holds(["key_ended", "unknown_kid"].includes(await bob.receive("mic", await sound(old, null))), "over");
}

export async function anOldKeyEndsWithTheFirstFrameOfTheNewOne() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const video = await alice.send("camera", VIDEO_KEY);
  const [late, later, latest] = [await alice.send("mic", AUDIO), await alice.send("camera", VIDEO), await alice.send("camera", VIDEO)];
  same(await bob.receive("camera", video), VIDEO_KEY, "before");
  const rekeyed = new Moment();
  await meeting.rekey();
  const announcing = await alice.send("mic", AUDIO);
  rekeyed.isWithin(250);
  same(await bob.receive("mic", announcing), AUDIO, "announcing");
  await sleep(260);
  const adopted = new Moment();
  same(await bob.receive("mic", await alice.send("mic", AUDIO)), AUDIO, "the new key");
  same(await bob.receive("mic", late), "key_ended", "sound under the old key");
  const onItsWay = await bob.receive("camera", later);
  adopted.isWithin(500);
  rekeyed.isWithin(2000);
  same(onItsWay, VIDEO, "video that was on its way");
  await sleep(520);
  same(await bob.receive("camera", latest), "key_ended", "but not for long");
}
