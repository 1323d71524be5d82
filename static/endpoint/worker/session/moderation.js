/** The initiator's orders to his running conference (docs/protocol.md section 3). The KMF decides; this only asks. */

import { utf8 } from "../crypto/bytes.js";
import { postAuthorized } from "./authorized_post.js";
import { SessionError } from "./errors.js";

const TOKEN_FOR_S = 30;

/**
 * @typedef {{identity: string, name: string, verifiedBy: string, since: number, removed: boolean}} Waiting
 * @typedef {{admission: string, locked: boolean, waiting: Waiting[], keptOut: {identity: string, name: string, banned: boolean}[]}} Door
 */

/**
 * Send one order.
 *
 * @param {{grant: import("./grant.js").Grant, kmf: string, conference: string}} endpoint
 * @param {{action: string, participant?: string}} order
 * @returns {Promise<Door>} how the door stands then
 * @throws {SessionError} with the KMF's code
 */
export async function moderate({ grant, kmf, conference }, { action, participant }) {
  const url = `${kmf}/conferences/${conference}/moderation`;
  const body = utf8(JSON.stringify(participant === undefined ? { action } : { action, participant }));
  const response = await postAuthorized({ grant, kmf, url, body, tokenForS: TOKEN_FOR_S });
  return readDoor(await response.json());
}

/** @param {any} members @returns {Door} */
function readDoor({ admission, locked, waiting, kept_out: keptOut }) {
  if (typeof locked !== "boolean" || !Array.isArray(waiting) || !Array.isArray(keptOut)) {
    throw new SessionError("unexpected");
  }
  return {
    admission: String(admission),
    locked,
    waiting: waiting.map(({ identity, name, verified_by: verifiedBy, since, removed }) => ({
      identity: String(identity),
      name: String(name),
      verifiedBy: String(verifiedBy),
      since: Number(since),
      removed: removed === true,
    })),
    keptOut: keptOut.map(({ identity, name, banned }) => ({ identity: String(identity), name: String(name), banned: banned === true })),
  };
}
