/** Scenarios: frames that pass, and frames that must not. */

import { holds, same } from "./expect.js";
import { Moment } from "./in_time.js";
import { AUDIO, Meeting, Party, VIDEO, VIDEO_KEY, sleep } from "./party.js";

export async function whatIsSentIsReceived() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  const protectedKey = await alice.send("camera", VIDEO_KEY);
  same(protectedKey.slice(0, 10), VIDEO_KEY.slice(0, 10), "clear prefix of a key frame");
  same(await bob.receive("camera", protectedKey), VIDEO_KEY, "key frame");
  const protectedVideo = await alice.send("camera", VIDEO);
  same(protectedVideo.slice(0, 3), VIDEO.slice(0, 3), "clear prefix");
  holds(!String(protectedVideo).includes(String(VIDEO.slice(3, 13))), "nothing else is clear");
  same(await bob.receive("camera", protectedVideo), VIDEO, "frame");
  const protectedAudio = await alice.send("mic", AUDIO);
  holds(!String(protectedAudio).includes(String(AUDIO.slice(0, 8))), "sound is not clear");
  same(await bob.receive("mic", protectedAudio), AUDIO, "sound");
  const sources = bob.events.filter(({ type }) => type === "source");
  same(sources, [
    { type: "source", id: "receive camera", sourceId: 11, track: "camera" },
    { type: "source", id: "receive mic", sourceId: 11, track: "mic" },
  ], "events");
  same(bob.counters("receive", "camera"), { frames: 2, ok: 2, dropped: {}, fields: {} }, "counters");
  same(bob.events[0], { type: "installed", epoch: 1 }, "first event");
}

export async function nothingPassesWithoutAKey() {
  const meeting = await Meeting.of(11, 22);
  const [alice, bob] = meeting.parties;
  const early = await Party.make(33);
  same(await early.send("camera", VIDEO_KEY), "no_key", "sending before the first epoch");
  same(await early.receive("camera", await alice.send("camera", VIDEO_KEY)), "not_in_roster", "receiving before the roster");
  alice.engine.setSending(false);
  same(await alice.send("camera", VIDEO), "sending_stopped", "sending while stopped");
  alice.engine.setSending(true);
  for (let count = 0; count < 3; count += 1) await alice.send("camera", VIDEO);
  same(await bob.receive("camera", await alice.send("camera", VIDEO)), "unknown_kid", "a frame whose key was never announced here");
  for (const clear of [VIDEO_KEY, VIDEO, AUDIO]) holds(typeof (await bob.receive("camera", clear)) === "string", "clear video");
  holds(typeof (await bob.receive("mic", AUDIO)) === "string", "clear sound");
  alice.engine.revokeAll();
  same(await alice.send("camera", VIDEO_KEY), "no_key", "sending after revocation");
  for (const party of [alice, bob, early]) {
    for (const transformer of party.transformers.values()) {
      const clear = transformer.out.some((bytes) => [VIDEO_KEY, VIDEO, AUDIO].some((each) => String(each) === String(bytes)));
      holds(!clear, "no original frame came out anywhere");
    }
  }
  same(bob.counters("receive", "camera").ok, 0, "nothing was opened");
}

export async function wrongOptionsAreRefused() {
  const { engine } = await Party.make(11);
  const good = { direction: "send", id: "x", track: "mic", codec: "opus" };
  for (const bad of [{ direction: "both" }, { direction: undefined }, { track: "window" }, { codec: "h264" }, { codec: "toString" }]) {
    let refused = false;
    try {
      engine.attach({ options: { ...good, ...bad } });
    } catch (error) {
      refused = error instanceof TypeError;
    }
    holds(refused, JSON.stringify(bad));
  }
  same(engine.counters(), {}, "nothing was attached");
}

export async function aChangedBitIsFound() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  for (let count = 0; count < 4; count += 1) same(await bob.receive("camera", await alice.send("camera", VIDEO)), VIDEO, "warm up");
  const frame = await alice.send("camera", VIDEO);
  same(frame.length, VIDEO.length + 6 + 16 + 1, "a header of 6 bytes, a tag, a short tail");
  for (let at = 0; at < frame.length; at += 1) {
    const changed = frame.slice();
    changed[at] ^= 0x10;
    holds(typeof (await bob.receive("camera", changed)) === "string", `bit in byte ${at}`);
  }
  same(await bob.receive("screen", frame), "sframe_authentication", "as another track");
  same(bob.counters("receive", "camera").ok, 4, "none was opened");
  same(await bob.receive("camera", frame), VIDEO, "the true frame still is");
}

export async function aFrameCountsOnce() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  const frames = [];
  for (let count = 0; count < 1100; count += 1) frames.push(await alice.send("mic", AUDIO));
  same(await bob.receive("mic", frames[0]), AUDIO, "first");
  same(await bob.receive("mic", frames[0]), "replayed", "again");
  same(await bob.receive("mic", frames[1099]), AUDIO, "far ahead");
  same(await bob.receive("mic", frames[75]), "replayed", "older than the window");
  same(await bob.receive("mic", frames[76]), AUDIO, "the oldest within it");
  same(await bob.receive("mic", frames[76]), "replayed", "which counts once too");
  same(await bob.receive("mic", frames[500]), AUDIO, "in the middle");
  same(await bob.receive("mic", frames[1099], "another subscription"), "replayed", "on another subscription");
  same(bob.counters("receive", "mic").ok, 4, "opened");
}

export async function aSourceIsShownOnce() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY)), VIDEO_KEY, "first subscription");
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY), "second"), "duplicate_source", "second subscription");
  same(bob.events.at(-1), { type: "duplicate-source", id: "receive second" }, "event");
  same(await bob.receive("camera", await alice.send("camera", VIDEO)), VIDEO, "the first goes on");
  same(await bob.receive("mic", await alice.send("mic", AUDIO), "third"), AUDIO, "another track is another matter");
  bob.transformer("receive", "camera", "camera").source.close();
  await sleep(20);
  same(await bob.receive("camera", await alice.send("camera", VIDEO), "second"), VIDEO, "after the first has ended");
}

export async function oneSubscriptionKeepsItsSourceAsLongAsThatOneIsPresent() {
  const meeting = await Meeting.of(11, 22, 33);
  const [alice, bob, carol] = meeting.parties;
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY)), VIDEO_KEY, "alice");
  same(await bob.receive("camera", await carol.send("camera", VIDEO_KEY)), "duplicate_source", "carol on the same subscription");
  await sleep(2100);
  same(await bob.receive("camera", await carol.send("camera", VIDEO_KEY)), "duplicate_source", "though alice is silent");
  same(bob.events.filter(({ type }) => type === "source").map(({ sourceId }) => sourceId), [11], "alice alone is reported");
  meeting.parties = [bob, carol];
  meeting.publishRoster();
  same(await bob.receive("camera", await carol.send("camera", VIDEO_KEY)), VIDEO_KEY, "once alice has left");
  same(bob.events.filter(({ type }) => type === "source").map(({ sourceId }) => sourceId), [11, 33], "carol is reported");
}

export async function aDetachedTransformMovesNothingAndFreesItsSource() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY)), VIDEO_KEY, "before");
  const closed = bob.transformer("receive", "camera", "camera");
  bob.engine.detach(["receive camera", "never attached"]);
  same(bob.engine.counters(), {}, "its counters are gone");
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY), "second"), VIDEO_KEY, "alice on another at once");
  let isEnded = false;
  try {
    closed.push(await alice.send("camera", VIDEO));
  } catch {
    isEnded = true;
  }
  await sleep(50);
  same([isEnded, closed.out.length], [true, 1], "the closed one takes no frame");
}

export async function aTransformThatFollowsAnotherGoesOnWithItsCounters() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  for (let count = 0; count < 50; count += 1) {
    const [id, before] = [`line ${count}`, count === 0 ? undefined : `receive line ${count - 1}`];
    bob.transformer("receive", id, "camera", before);
    same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY), id), VIDEO_KEY, "the source is free at once");
  }
  same(bob.engine.counters(), { "receive line 49": { frames: 50, ok: 50, dropped: {}, fields: {} } }, "one set of counters is left");
  const closed = bob.transformer("receive", "line 3", "camera");
  let isEnded = false;
  try {
    closed.push(await alice.send("camera", VIDEO));
  } catch {
    isEnded = true;
  }
  await sleep(50);
  same([isEnded, closed.out.length], [true, 1], "the ones before have ended");
}

/** What a media server may do with the layers of a camera: they are one track, and no frame of them opens twice. */
export async function layersOfOneCameraAreOneTrack() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  const frames = [];
  for (let count = 0; count < 20; count += 1) frames.push(await alice.send("camera", count < 2 ? VIDEO_KEY : VIDEO, 100 + (count % 2)));
  const [large, small] = [0, 1].map((layer) => frames.filter((_, index) => index % 2 === layer));
  for (const frame of large.slice(0, 5)) holds(typeof (await bob.receive("camera", frame)) !== "string", "the large layer");
  for (const frame of small) holds(typeof (await bob.receive("camera", frame)) !== "string", "then the small one, from its beginning");
  for (const frame of [...large.slice(0, 5), ...small]) same(await bob.receive("camera", frame), "replayed", "each once");
  same(await bob.receive("camera", large[5], "another line"), "duplicate_source", "and on one line");
  same(bob.events.filter(({ type }) => type === "source").length, 1, "under one name");
}

export async function ourOwnFramesAreNotShown() {
  const { parties: [alice] } = await Meeting.of(11, 22);
  same(await alice.receive("camera", await alice.send("camera", VIDEO_KEY)), "own_source", "reflected frame");
  same(alice.events.some(({ type }) => type === "source"), false, "no source is reported");
}

export async function aLostFrameAsksForAKeyFrame() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  alice.engine.setSending(false);
  await alice.send("camera", VIDEO_KEY);
  alice.engine.setSending(true);
  const frame = await alice.send("camera", VIDEO);
  same(alice.transformer("send", "camera", "camera").keyFramesGenerated, 1, "the encoder begins anew");
  same(await bob.receive("camera", frame.slice(0, -1)), "ekt_type", "a damaged frame");
  same(await bob.receive("camera", await alice.send("camera", VIDEO)), VIDEO, "the next one");
  same(bob.transformer("receive", "camera", "camera").keyFramesRequested, 1, "a key frame is asked for");
  await bob.receive("camera", await alice.send("camera", VIDEO));
  same(bob.transformer("receive", "camera", "camera").keyFramesRequested, 1, "once");
}

export async function aTransformThatFollowsAnotherAsksForAKeyFrame() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY), "first"), VIDEO_KEY, "before");
  same(bob.transformer("receive", "first", "camera").keyFramesRequested, 0, "the first begins with one");
  const second = bob.transformer("receive", "second", "camera", "receive first");
  same(await bob.receive("camera", await alice.send("camera", VIDEO), "second"), VIDEO, "frames may have gone with the one before");
  await bob.receive("camera", await alice.send("camera", VIDEO), "second");
  same(second.keyFramesRequested, 1, "asked for, once");
  const third = bob.transformer("receive", "third", "camera", "receive second");
  await bob.receive("camera", await alice.send("camera", VIDEO_KEY), "third");
  await bob.receive("camera", await alice.send("camera", VIDEO), "third");
  same(third.keyFramesRequested, 0, "not where one comes by itself");
}

export async function anEmptyFrameIsNoNews() {
  const { parties: [alice, bob] } = await Meeting.of(11, 22);
  same(await bob.receive("camera", await alice.send("camera", VIDEO_KEY)), VIDEO_KEY, "before");
  same(await bob.receive("camera", new Uint8Array(0)), "ekt_empty", "dropped");
  same(await bob.receive("camera", await alice.send("camera", VIDEO)), VIDEO, "after");
  same(bob.transformer("receive", "camera", "camera").keyFramesRequested, 0, "nothing was lost");
  same(bob.events.some(({ type }) => type === "undecryptable"), false, "nothing is reported");
}

export async function eventsAreFewAndHoldNoKeys() {
  const meeting = await Meeting.of(11, 22);
  const [, bob] = meeting.parties;
  const began = new Moment();
  for (let count = 0; count < 20; count += 1) await bob.receive("camera", Uint8Array.of(1, 2, 3, 0xff));
  began.isWithin(2000);
  const reports = bob.events.filter(({ type }) => type === "undecryptable");
  same(reports[0], { type: "undecryptable", id: "receive camera", code: "ekt_type" }, "report");
  holds(reports.length < 3, "one a second");
  same(bob.counters("receive", "camera"), { frames: 20, ok: 0, dropped: { ekt_type: 20 }, fields: {} }, "counters");
}
