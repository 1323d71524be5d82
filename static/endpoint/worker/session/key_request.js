/** The key request of [PERC] 6.3: fresh keys go out, an EKT key comes back that no script can read (docs/protocol.md section 3). */

import { deriveMember, makeAgreementKey, parseEncryptionKey, unwrapEKTKey } from "../crypto/agreement.js";
import { encodeBase64url, utf8 } from "../crypto/bytes.js";
import { exportIdentityKey, makeIdentityKey } from "../crypto/identity.js";
import { postAuthorized } from "./authorized_post.js";
import { SessionError } from "./errors.js";

/** A token must outlive the request and the hello that follows it. */
const TOKEN_FOR_S = 60;

/**
 * What a key request leaves behind: all of one endpoint's stay in the conference.
 *
 * @typedef {{identityKeys: CryptoKeyPair, member: import("../crypto/agreement.js").Member}} Admission
 */

/**
 * Ask the KMF for the current EKT key.
 *
 * @param {{grant: import("./grant.js").Grant, kmf: string, conference: string}} options
 * @returns {Promise<Admission>}
 * @throws {import("./errors.js").SessionError} with the KMF's code
 */
export async function requestKey({ grant, kmf, conference }) {
  const [agreementKey, identityKeys] = await Promise.all([makeAgreementKey(), makeIdentityKey()]);
  const body = utf8(
    JSON.stringify({
      conference,
      agreement: { alg: agreementKey.alg, key: encodeBase64url(agreementKey.publicKey) },
      identity: encodeBase64url(await exportIdentityKey(identityKeys)),
    }),
  );
  const header = (await postAuthorized({ grant, kmf, url: `${kmf}/keys`, body, tokenForS: TOKEN_FOR_S })).headers.get("Encryption-Key");
  if (header === null) {
    throw new SessionError("unexpected");
  }
  const { keyId, dh, wrapped, spi } = parseEncryptionKey(header);
  const member = await deriveMember({ dh, agreementKey });
  const { jkt } = grant.client.key;
  // It must open, but it is not kept: the `welcome` brings the key of that moment, for the time that it lives.
  await unwrapEKTKey({ member, wrapped, conferenceId: conference, keyId, spi, jkt });
  return { identityKeys, member };
}
