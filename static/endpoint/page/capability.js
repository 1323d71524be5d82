/** What a locked conference needs of a browser, tried rather than guessed, before anybody signs in. */

/**
 * @returns {Promise<string[]>} codes of what is missing (words.js, CAPABILITIES)
 */
export async function missingCapabilities() {
  const checks = {
    transform: typeof RTCRtpScriptTransform === "function" && typeof RTCPeerConnection === "function",
    agreement: (await canGenerate({ name: "X25519" }, ["deriveKey"])) || (await canGenerate({ name: "ECDH", namedCurve: "P-256" }, ["deriveKey"])),
    identity: await canGenerate({ name: "Ed25519" }, ["sign", "verify"]),
    devices: typeof navigator.mediaDevices?.getUserMedia === "function",
    storage: await canStore(),
  };
  return Object.entries(checks).flatMap(([code, present]) => (present ? [] : [code]));
}

/** @param {AlgorithmIdentifier | EcKeyGenParams} algorithm @param {KeyUsage[]} usages */
async function canGenerate(algorithm, usages) {
  try {
    await crypto.subtle.generateKey(algorithm, false, usages);
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<boolean>} */
function canStore() {
  return new Promise((resolve) => {
    try {
      const opening = indexedDB.open("conclave-check", 1);
      opening.onsuccess = () => {
        opening.result.close();
        indexedDB.deleteDatabase("conclave-check");
        resolve(true);
      };
      opening.onerror = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}
