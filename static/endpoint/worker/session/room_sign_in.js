/**
 * Signing in a room's screen by a code that a person enters on a device of his own (RFC 8628, docs/protocol.md section 2).
 * The secret of the code never leaves this worker; the page shows what is to be entered, and where.
 */

import { utf8 } from "../crypto/bytes.js";
import { CLIENT_ID } from "./authorization_request.js";
import { DPoPKey, makeDPoPKeyPair } from "./dpop.js";
import { SessionError } from "./errors.js";
import { Grant } from "./grant.js";
import { KMFClient } from "./kmf_http.js";

const FORM = "application/x-www-form-urlencoded";
const SLOWER_S = 5;
const USER_CODE = /^[A-Z]{4}-[A-Z]{4}$/;
/** Nobody has decided yet, or the line is away for a moment. */
const GO_ON = new Set(["authorization_pending", "slow_down", "unreachable", "unavailable", "too_many"]);
/** @type {Record<string, string>} */
const ENDS = { access_denied: "room_declined", expired_token: "room_code_over" };

/** @typedef {{userCode: string, uri: string, signedIn: Promise<{grant: Grant, conference: string}>}} ShownCode */

/**
 * Ask for a code.
 *
 * @param {{origins: import("./sign_in.js").Origins, conference: string, clock: import("./server_clock.js").ServerClock}} options
 * @returns {Promise<ShownCode>} what to show; `signedIn` when somebody has entered it
 * @throws {SessionError}
 */
export async function beginRoomSignIn({ origins, conference, clock }) {
  const client = new KMFClient({ key: await DPoPKey.of(await makeDPoPKeyPair()), clock });
  const body = utf8(new URLSearchParams({ client_id: CLIENT_ID, scope: `conference:${conference}` }).toString());
  const response = await client.post({ url: `${origins.kmf}/device-authorization`, body, contentType: FORM });
  const { device_code: secret, user_code: userCode, verification_uri: uri, interval } = await response.json();
  if (typeof secret !== "string" || !USER_CODE.test(userCode) || uri !== `${origins.auth}/room-code` || !(interval > 0)) {
    throw new SessionError("unexpected");
  }
  const grant = new Grant({ client, origins });
  return { userCode, uri, signedIn: decided(grant, secret, interval).then(() => ({ grant, conference })) };
}

/** Ask again and again until somebody has decided. @param {Grant} grant @param {string} secret @param {number} intervalS */
async function decided(grant, secret, intervalS) {
  for (let pauseS = intervalS; ; ) {
    await new Promise((resolve) => setTimeout(resolve, pauseS * 1000));
    try {
      await grant.exchangeDeviceCode(secret);
      return;
    } catch (error) {
      const code = error instanceof SessionError ? error.code : "unexpected";
      if (!GO_ON.has(code)) {
        throw new SessionError(ENDS[code] ?? code);
      }
      pauseS += code === "slow_down" ? SLOWER_S : 0;
    }
  }
}
