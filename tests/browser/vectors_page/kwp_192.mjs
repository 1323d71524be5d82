/** RFC 5649's own vectors have a 192-bit key, which Chromium's WebCrypto lacks and Node's has: the same kwp.js, there. */

import { readFile } from "node:fs/promises";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
const root = new URL("../../../", import.meta.url);
const { unwrap, wrap } = await import(new URL("static/endpoint/worker/crypto/kwp.js", root).href);
const { cases } = JSON.parse(await readFile(new URL("tests/vectors/aes-key-wrap.json", root), "utf8"));
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
let count = 0;
for (const { inputs, output } of cases.filter((each) => each.inputs.algorithm === "KWP")) {
  const key = await crypto.subtle.importKey("raw", bytes(inputs.kek), "AES-CBC", false, ["encrypt", "decrypt"]);
  const wrapped = Buffer.from(await wrap(key, bytes(inputs.plaintext))).toString("hex");
  const opened = Buffer.from(await unwrap(key, bytes(output))).toString("hex");
  if (wrapped !== output || opened !== inputs.plaintext) throw new Error("RFC 5649 does not hold");
  count += 1;
}
process.stdout.write(String(count));
