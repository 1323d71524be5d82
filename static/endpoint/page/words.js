/** All that the page says, by code. Sentences say what happened and what to do. */

/** @typedef {{title: string, text: string, action?: string}} GateWords */

/** @type {Record<string, GateWords>} */
const GATES = {
  checking: { title: "One moment", text: "Conclave is looking at what this browser can do." },
  sign_in: { title: "Taking you to sign-in", text: "Your organisation asks who you are. You come straight back here.", action: "Continue to sign-in" },
  signing_in: { title: "Signing you in", text: "One moment, please." },
  room_code: { title: "Sign this room in", text: "" },
  room_declined: { title: "This screen was not signed in", text: "Whoever entered the code said that it is not his screen.", action: "Show another code" },
  room_code_over: { title: "The code is over", text: "Nobody entered it within ten minutes.", action: "Show another code" },
  joining: { title: "Going in", text: "Your browser makes its keys and asks for the key of this conference.", action: "Cancel" },
  browser: { title: "This browser cannot take part", text: "A locked conference needs things that it does not have:" },
  left: { title: "You have left", text: "Your keys are deleted. You can go back in as long as the conference lasts.", action: "Go back in" },
  ended: { title: "The conference is over", text: "Its keys have been deleted on this device." },
  removed: { title: "You were removed", text: "The initiator took you out of this conference. You can ask to be let in again.", action: "Ask to be let in" },
  waiting: { title: "Waiting to be let in", text: "The host has been told that you are here. This page goes on by itself.", action: "Stop waiting" },
  declined: { title: "You were not let in", text: "The host did not let you in. You can ask again in a minute.", action: "Ask again" },
  confirmed: { title: "Confirmed", text: "You can close this window and go back to the conference." },
  withdrawn: { title: "Your invitation was withdrawn", text: "You no longer take part in this conference. If that was a mistake, ask the initiator." },
  replaced: { title: "You joined somewhere else", text: "This conference is open in another window or on another device of yours. Only one can be in at a time.", action: "Use this one" },
  denied: { title: "You cannot join this conference", text: "There is no invitation for the account you signed in with. Check the link, or ask the initiator to invite this address." },
  too_early: { title: "A little early", text: "The conference is not open yet. It opens some minutes before its start; the time stands in your invitation.", action: "Try again" },
  locked: { title: "The conference is locked", text: "Nobody new can come in at the moment. Try again later, or ask the initiator.", action: "Try again" },
  full: { title: "Every seat is taken", text: "You can come in when somebody leaves.", action: "Try again" },
  step_up: { title: "Please confirm who you are", text: "This conference asks for a stronger or more recent sign-in than yours, such as a second factor. You come straight back here.", action: "Sign in again" },
  too_many: { title: "Too many attempts", text: "You joined several times within a minute. Wait a minute, then try again.", action: "Try again" },
  sign_in_lost: { title: "This sign-in is no longer valid", text: "It was started more than ten minutes ago, or in another browser. Open the link in your invitation again.", action: "Start again" },
  sign_in_foreign: { title: "This sign-in was not ours", text: "The answer came from another place than your organisation's sign-in. Open the link in your invitation again." },
  sign_in_refused: { title: "You are not signed in", text: "The sign-in was not finished. You can start it again.", action: "Sign in again" },
  sign_in_expired: { title: "Your sign-in has ended", text: "Sign in again to go back into the conference.", action: "Sign in again" },
  unreachable: { title: "No connection", text: "The key service cannot be reached. Check your network, then try again.", action: "Try again" },
  unavailable: { title: "The key service is busy", text: "No key can be given right now. Try again in a moment.", action: "Try again" },
  fork: { title: "The list of people does not fit together", text: "Two different histories of this conference were shown to your browser. It has stopped sending and deleted its keys. Tell your administrator." },
  unprotected_media: { title: "Stopped for your safety", text: "A picture or sound went past the lock. Your browser has ended the connection and deleted its keys. Tell your administrator.", action: "Go back in" },
  worker_failed: { title: "This page stopped working", text: "The part of the page that holds the keys has ended. Nothing is sent any more.", action: "Load again" },
  unexpected: { title: "Something did not work", text: "The answer was not what it should be. Load the page again; if it comes back, tell your administrator.", action: "Load again" },
};

/** Who ends the transport for these codes must say the same as the key service. @type {Record<string, string>} */
const SAME_AS = { invalid_grant: "sign_in_refused", invalid_token: "sign_in_expired", access_denied: "denied", evicted: "removed", closed: "ended" };

/** @type {Record<string, string>} */
export const BANNERS = {
  stopped: "Nothing you say or show is being sent, because the key service has been silent for half a minute. It starts again by itself.",
  stale: "The key service has not answered for 15 seconds. You can go on talking, but the list of people may be out of date. Trying again …",
  offline: "The connections to the key service and to the others are interrupted. Trying again …",
  reconnecting: "The connection to the key service is interrupted. You can go on talking. Trying again …",
  provider_silent: "The conference provider does not answer, so you hear and see nobody. Trying again …",
  media_reconnecting: "Sound and picture are interrupted. Trying again …",
  media_failed: "Sound and picture cannot get through. Your network may block them.",
  expired: "The key ran out. Waiting for a new one …",
  duplicate: "Someone's picture or sound arrived twice, or in another person's place. It was thrown away.",
  knocking: "Somebody is waiting to be let in.",
  sound: "Your browser holds the sound back.",
  screen: "The screen cannot be shared. The browser or the system does not allow it for this address.",
  camera: "The camera cannot be used. Another program may have it, or it is blocked for this address.",
  microphone: "The microphone cannot be used. Another program may have it, or it is blocked for this address.",
};

/** @type {Record<string, {text: string, details: string}>} `details`: what whoever looks after the computer may ask for */
export const CAPABILITIES = {
  transform: { text: "Encrypting sound and picture inside the page. Chrome, Edge, Firefox and Safari of this year can.", details: "RTCRtpScriptTransform" },
  agreement: { text: "A modern way to agree on keys. Please update your browser.", details: "X25519 or P-256 in Web Cryptography" },
  identity: { text: "Modern signatures. Please update your browser.", details: "Ed25519 in Web Cryptography" },
  devices: { text: "Camera and microphone. They need a secure (https) address.", details: "navigator.mediaDevices" },
  storage: { text: "Storage for the sign-in. Private windows of some browsers block it.", details: "IndexedDB" },
};

export const DEVICES = Object.freeze({
  refused: "Camera and microphone are blocked for this address. Allow them beside the address bar to be seen and heard. You can also join without.",
  missing: "No camera or microphone was found. You can join, and listen and watch.",
  busy: "The camera or microphone is in use by another program. Close it there, or join without.",
  off: "Your camera is off",
  starting: "Starting the camera …",
  speakerPlayed: "If you heard nothing, choose another speaker or turn it up.",
  speakerPlays: "Playing …",
  speakerFailed: "This speaker cannot be used. Please choose another one.",
  usual: "The system's usual one",
});

export const TILES = Object.freeze({
  encrypted: "End-to-end encrypted",
  encryptedTitle: "Every frame shown here was unlocked with this person's key, and with no other",
  waiting: "Waiting for keys",
  waitingTitle: "Nothing of this person has been unlocked yet",
  cut: "Connecting again",
  cutTitle: "Sound and picture are interrupted for everybody; this browser connects again by itself",
  silent: "No picture or sound",
  silentTitle: "Nothing arrives from this person at the moment",
  unreadable: "Cannot be unlocked",
  unreadableTitle: "Frames arrive that cannot be unlocked. Nothing is shown.",
  own: "You",
  stranger: "Somebody unknown",
  sending: "You send encrypted",
  sendingTitle: "Everything you send is locked before it leaves this device",
  notSending: "Not sending",
  muted: "No sound arrives from this person",
  ownMuted: "Your microphone is off",
});

/** @param {"mic" | "camera"} kind @param {boolean} isOn */
export function toggledWords(kind, isOn) {
  return `Your ${kind === "mic" ? "microphone" : "camera"} is ${isOn ? "on" : "off"}`;
}

/** @param {string} name of whoever shows it */
export function screenWords(name) {
  return `Screen of ${name}`;
}

/** Why frames cannot be unlocked, by the worker's code. @type {Record<string, string>} */
const REASONS = {
  unknown_kid: "The key for these frames has not been announced to you.",
  ekt_spi: "These frames come under a key that is not this conference's key of now.",
  key_ended: "These frames come under a key that has ended.",
  no_key: "Your own key has run out.",
  sframe_authentication: "These frames were changed on their way, or locked with another key.",
  not_in_roster: "Whoever sends these frames is not on the list of people.",
  replayed: "Old frames are being played again.",
  duplicate_source: "What arrives here is somebody else's, or a copy. It is thrown away.",
  own_source: "Your own frames come back to you.",
  frame_too_short: "What arrives is not an encrypted frame.",
  ekt_type: "What arrives is not an encrypted frame.",
  ekt_length: "What arrives is not an encrypted frame.",
};

/** @param {string} code empty: not known */
export function reasonWords(code) {
  return REASONS[code] ?? "The keys do not fit these frames.";
}

/** The seal at the top: one true sentence about all. */
export const SEAL = Object.freeze({
  sending: "End-to-end encrypted",
  notSending: "Encrypted · you send nothing",
  idle: "Not sending",
  stranger: "Something cannot be unlocked",
});

/** @param {string[]} names of those that cannot be unlocked, one at least */
export function lockedOutWords(names) {
  return names.length === 1 ? `${names[0]} cannot be unlocked` : `${names.length} people cannot be unlocked`;
}

/** One's own line in the statement of encryption. @param {boolean} sending */
export function ownLockWords(sending) {
  return sending ? TILES.sendingTitle : "Nothing of yours is being sent at the moment";
}

/** Somebody's line in the statement of encryption. @param {import("./tile.js").LockState} lock @param {string} reason */
export function lockStateWords(lock, reason) {
  return {
    encrypted: "Everything shown is unlocked with this person's own key",
    waiting: TILES.waitingTitle,
    cut: TILES.cutTitle,
    silent: TILES.silentTitle,
    unreadable: `${reasonWords(reason)} Nothing is shown.`,
  }[lock];
}

/** @type {Record<string, string>} RFC 8176 */
const METHODS = { ext: "company account", pwd: "password", otp: "one-time code", mfa: "several factors", hwk: "security key", swk: "passkey", pop: "passkey", fpt: "fingerprint", face: "face", sms: "text message", pin: "PIN", kba: "known answer", enrolled_key: "an enrolled key", room_code: "a code that somebody invited entered", unknown: "sign-in" };

/** Words for a gate. @param {string} code @returns {GateWords} */
export function gateWords(code) {
  return GATES[SAME_AS[code] ?? code] ?? GATES.unexpected;
}

/** How somebody was verified. @param {string} verifiedBy */
export function verifiedWords(verifiedBy) {
  const methods = verifiedBy.split("+").map((method) => METHODS[method] ?? method);
  return `Verified by ${methods.join(" and ")}`;
}

/** What to do with the code of a room. @param {string} uri @param {string} code */
export function roomCodeWords(uri, code) {
  return `On your phone or computer, open ${uri} and enter ${code}. You must be invited to this conference yourself.`;
}

/** Words of the waiting page for whoever is seen as `name`. @param {string} name */
export function waitingWords(name) {
  return `The host sees that you are waiting, and sees your name as ${name}. This page goes on by itself when you are let in.`;
}

/** What the initiator is told when an order was not carried out, by its code. @param {string} code */
export function orderWords(code) {
  return ORDERS[code] ?? "That did not work. Please try again.";
}

/** @type {Record<string, string>} */
const ORDERS = {
  unknown_participant: "This has changed in the meantime. The list is up to date now.",
  denied: "Only the initiator can do this, while he or she is in the conference.",
  sign_in_other: "That was another account. Please confirm with the one you joined with.",
  sign_in_refused: "It was not confirmed. Nothing has changed.",
  unreachable: "The key service cannot be reached. Nothing has changed.",
};

/** The lock, for everybody. @param {boolean} isLocked */
export function lockWords(isLocked) {
  return isLocked ? "The conference is locked: nobody new comes in" : "The conference is open again";
}

/** Why somebody left, for the announcement. @param {string} name @param {string} reason */
export function leftWords(name, reason) {
  const why = { removed: "was removed", withdrawn: "was uninvited", replaced: "changed the device" }[reason];
  return `${name} ${why ?? "left"}`;
}

/** Time of day in the reader's own zone. @param {number} seconds since 1970 */
export function timeOfDay(seconds) {
  return new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(new Date(seconds * 1000));
}
