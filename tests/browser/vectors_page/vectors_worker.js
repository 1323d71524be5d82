/** Runs every vector against the shipped modules and answers with one row each: `{file, name, ok, detail}`. */

import { deriveMember, parseEncryptionKey, unwrapEKTKey } from "/worker/crypto/agreement.js";
import { concat, decodeBase64url } from "/worker/crypto/bytes.js";
import { parseTail, takeSenderKey } from "/worker/crypto/ekt_field.js";
import { codeOf } from "/worker/crypto/errors.js";
import { checkSenderKey, importIdentityKey } from "/worker/crypto/identity.js";
import { unwrap, unwrapAll, wrap } from "/worker/crypto/kwp.js";
import { decryptFrame, deriveFrameKey, encryptFrame, parseHeader } from "/worker/crypto/sframe.js";
import { KeyRing } from "/worker/media/key_ring.js";
import * as ctrHmac from "./ctr_hmac.js";
import { fromHex, importCBC, toHex } from "./hex.js";

/** JSON with numbers beyond 2^53 kept whole: KID and CTR are read as text. */
async function loadNumbersAsText(name) {
  const text = await (await fetch(`/vectors/${name}`)).text();
  return JSON.parse(text.replace(/"(kid|ctr)": *(\d+)/g, '"$1": "$2"'));
}

const load = async (name) => (await fetch(`/vectors/${name}`)).json();

function same(actual, expected) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

/** Run one case; `expect` is `ok` or the code that must be thrown. */
async function row(rows, file, name, expect, run) {
  let outcome = "ok";
  try {
    await run();
  } catch (error) {
    outcome = codeOf(error, String(error));
  }
  rows.push({ file, name, ok: outcome === expect, detail: outcome });
}

async function runSFrame(rows) {
  const vectors = await loadNumbersAsText("sframe-rfc9605.json");
  for (const { kid, ctr, encoded } of vectors.header) {
    await row(rows, "header", `${kid}/${ctr}`, "ok", () => {
      same(toHex(ctrHmac.encodeHeader(BigInt(kid), BigInt(ctr))), encoded);
      const parsed = parseHeader(concat(fromHex(encoded), Uint8Array.of(0xff)));
      same([whole(parsed.kidHigh, parsed.kidLow), whole(parsed.ctrHigh, parsed.ctrLow), parsed.length], [kid, ctr, encoded.length / 2]);
    });
  }
  for (const group of ["aes_ctr_hmac", "aes_256_ctr_hmac"]) {
    for (const { cipher_suite: suite, key, nonce, aad, pt, ct } of vectors[group]) {
      const input = { suite, key: fromHex(key), nonce: fromHex(nonce), aad: fromHex(aad), plaintext: fromHex(pt) };
      await row(rows, group, `suite ${suite}`, "ok", async () => same(toHex(await ctrHmac.seal(input)), ct));
    }
  }
  for (const vector of vectors.sframe) {
    await row(rows, "sframe", `suite ${vector.cipher_suite}`, "ok", () => checkSFrame(vector));
  }
}

const whole = (high, low) => String((BigInt(high) << 32n) | BigInt(low));

async function checkSFrame({ cipher_suite: suite, kid: kidText, ctr: ctrText, base_key, metadata, pt, ct }) {
  const [kid, ctr] = [BigInt(kidText), BigInt(ctrText)];
  const [baseKey, meta, plaintext] = [fromHex(base_key), fromHex(metadata), fromHex(pt)];
  if (suite < 4) {
    same(toHex(await ctrHmac.encryptFrame({ suite, baseKey, kid, ctr, metadata: meta, plaintext })), ct);
    return;
  }
  const header = ctrHmac.encodeHeader(kid, ctr);
  const additionalData = concat(header, meta);
  const { kidHigh, kidLow, ...counter } = parseHeader(header);
  const encrypting = await deriveFrameKey({ baseKey, kidHigh, kidLow, suite, usage: "encrypt" });
  const ciphertext = new Uint8Array(await encryptFrame(encrypting, { ...counter, plaintext }, additionalData));
  same(toHex(concat(header, ciphertext)), ct);
  const decrypting = await deriveFrameKey({ baseKey, kidHigh, kidLow, suite, usage: "decrypt" });
  same(toHex(new Uint8Array(await decryptFrame(decrypting, { ...counter, ciphertext }, additionalData))), pt);
}

/** RFC 3394 is the browser's own; RFC 5649 is kwp.js. A browser without 192-bit AES says so with its own code. */
async function runKeyWrap(rows) {
  for (const { name, inputs, output } of (await load("aes-key-wrap.json")).cases) {
    const is192 = inputs.kek.length === 48;
    await row(rows, "aes-key-wrap", name, is192 ? "no 192-bit AES" : "ok", async () => {
      if (is192) {
        await importCBC(fromHex(inputs.kek)).catch(() => Promise.reject("no 192-bit AES"));
      }
      const kek = await crypto.subtle.importKey("raw", fromHex(inputs.kek), "AES-KW", false, ["wrapKey"]);
      const content = await crypto.subtle.importKey("raw", fromHex(inputs.plaintext), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
      same(toHex(new Uint8Array(await crypto.subtle.wrapKey("raw", content, kek, "AES-KW"))), output);
    });
  }
}

const ektOperations = {
  kwp: async ({ kek, plaintext }, output) => {
    const key = await importCBC(fromHex(kek));
    same(toHex(await wrap(key, fromHex(plaintext))), output);
    same(toHex(await unwrap(key, fromHex(output))), plaintext);
    const bad = fromHex(output);
    bad[3] ^= 1;
    const several = await unwrapAll(key, [fromHex(output), bad, fromHex(output)]);
    same(several.map((value) => value && toHex(value)), [plaintext, null, plaintext]);
  },
  "kwp-unwrap": async ({ kek, wrapped }) => unwrap(await importCBC(fromHex(kek)), fromHex(wrapped)),
  tail: async ({ frame }, output) => {
    const bytes = fromHex(frame);
    const { length, full } = parseTail(bytes);
    const found = full && {
      signature: toHex(full.signature),
      field: toHex(full.bytes),
      ciphertext: toHex(full.ciphertext),
      spi: full.spi,
      ekt_epoch: full.ektEpoch,
    };
    same({ rest: toHex(bytes.subarray(0, bytes.length - length)), full: found }, output);
  },
  field: async ({ ekt_key, conference_id, source_id, identity_key, tail }, output) => {
    const { full } = parseTail(fromHex(tail));
    const publicKey = await importIdentityKey(fromHex(identity_key));
    await checkSenderKey({ publicKey, conferenceId: conference_id, field: full.bytes, signature: full.signature });
    const plaintext = await unwrap(await importCBC(fromHex(ekt_key)), full.ciphertext).catch((error) => {
      throw Object.assign(error, { code: "ekt_unwrap" });
    });
    same(toHex(takeSenderKey(plaintext, source_id)), output);
  },
};

async function runEKT(rows) {
  for (const { name, operation, inputs, expect, output } of (await load("ekt.json")).cases) {
    await row(rows, "ekt", `${operation}: ${name}`, expect, () => ektOperations[operation](inputs, output));
  }
}

async function runFrames(rows) {
  for (const { name, inputs, frames } of (await load("frames.json")).cases) {
    const ring = new KeyRing({ conferenceId: inputs.conference_id, now: () => performance.now() });
    ring.setRoster(new Map(Object.entries(inputs.identities).map(([sourceId, key]) => [Number(sourceId), fromHex(key)])));
    ring.setEpoch({ epoch: inputs.spi, spi: inputs.spi, ektKey: await importCBC(fromHex(inputs.ekt_key)), expiresAt: Infinity });
    for (const { name: frameName, track, codec, frame, expect, output } of frames) {
      await row(rows, "frames", `${name}: ${frameName}`, expect, async () => {
        const opened = await ring.openFrame({ bytes: fromHex(frame), track, codec, claim: () => undefined });
        same({ source_id: opened.sourceId, data: toHex(opened.data) }, output);
      });
    }
  }
}

async function runAgreement(rows) {
  for (const { name, inputs, expect, output } of (await load("key-agreement.json")).cases) {
    await row(rows, "key-agreement", name, expect, async () => {
      const header = inputs.header && parseEncryptionKey(inputs.header);
      const member = await deriveMember({ dh: fromHex(inputs.dh), agreementKey: await importAgreementKey(inputs) });
      const { conference_id: conferenceId, key_id: keyId, spi, jkt } = inputs;
      const wrapped = header ? header.wrapped : fromHex(inputs.wrapped);
      const ektKey = await unwrapEKTKey({ member, wrapped, conferenceId, keyId, spi, jkt });
      same([ektKey.extractable, ektKey.algorithm.name, member.secret.extractable], [false, "AES-CBC", false]);
      // The key cannot be read, but it can be told by what it does.
      const known = await importCBC(fromHex(output));
      same(toHex(await wrap(ektKey, Uint8Array.of(1, 2, 3))), toHex(await wrap(known, Uint8Array.of(1, 2, 3))));
    });
  }
}

async function importAgreementKey({ alg, endpoint }) {
  if (alg === "X25519+ML-KEM-768") return importHybridKey(endpoint);
  const algorithm = alg === "X25519" ? { name: alg } : { name: "ECDH", namedCurve: alg };
  const privateKey = await crypto.subtle.importKey("jwk", endpoint, algorithm, false, ["deriveKey"]);
  const parts = [endpoint.x, endpoint.y].filter(Boolean).map((part) => decodeBase64url(part));
  const publicKey = alg === "X25519" ? parts[0] : concat(Uint8Array.of(4), ...parts);
  return { alg, publicKey, privateKey };
}

async function importHybridKey({ seed, ...jwk }) {
  const privateKey = await crypto.subtle.importKey("jwk", jwk, { name: "X25519" }, false, ["deriveBits"]);
  // Its public half can only be had from a key that may be exported; the product never makes one.
  const kemKey = await crypto.subtle.importKey("raw-seed", fromHex(seed), { name: "ML-KEM-768" }, true, ["decapsulateBits"]);
  const kemPublic = await crypto.subtle.getPublicKey(kemKey, []);
  const publicKey = concat(decodeBase64url(jwk.x), new Uint8Array(await crypto.subtle.exportKey("raw-public", kemPublic)));
  return { alg: "X25519+ML-KEM-768", publicKey, privateKey, kemKey };
}

async function runHeaders(rows) {
  for (const { name, inputs, expect, output } of (await load("encryption-key-header.json")).cases) {
    await row(rows, "encryption-key-header", name, expect, () => {
      const { keyId, dh, wrapped, spi, ttl } = parseEncryptionKey(inputs.header);
      same({ key_id: keyId, dh: toHex(dh), wrapped: toHex(wrapped), spi, ttl }, output);
    });
  }
}

onmessage = async () => {
  const rows = [];
  for (const run of [runSFrame, runKeyWrap, runEKT, runFrames, runAgreement, runHeaders]) await run(rows);
  postMessage(rows);
};
