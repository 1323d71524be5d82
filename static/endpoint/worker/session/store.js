/**
 * Sign-ins that wait for their callback, in IndexedDB under `state`: the DPoP key pair (not extractable), the PKCE
 * verifier and the conference. Nothing else is ever stored; a sign-in is taken out once, or thrown away after ten minutes.
 */

const DATABASE = "conclave";
const TABLE = "sign-ins";
export const LIFETIME_MS = 10 * 60 * 1000;

/** @typedef {{keyPair: CryptoKeyPair, verifier: string, conference: string, createdAt: number}} PendingSignIn */

/**
 * Keep a sign-in until its callback.
 *
 * @param {string} state
 * @param {PendingSignIn} pending
 */
export async function putPending(state, pending) {
  await inTable("readwrite", (table) => {
    forgetOld(table, pending.createdAt);
    table.put(pending, state);
  });
}

/**
 * Take a sign-in out: a second callback with the same state finds nothing.
 *
 * @param {string} state
 * @param {number} now milliseconds since 1970
 * @returns {Promise<PendingSignIn | undefined>}
 */
export async function takePending(state, now) {
  /** @type {IDBRequest<PendingSignIn | undefined> | undefined} */
  let found;
  await inTable("readwrite", (table) => {
    forgetOld(table, now);
    found = table.get(state);
    table.delete(state);
  });
  return found?.result;
}

/** Throw away what nobody came back for. @param {number} now milliseconds since 1970 */
export async function sweepPending(now) {
  await inTable("readwrite", (table) => forgetOld(table, now));
}

/** @param {IDBObjectStore} table @param {number} now */
function forgetOld(table, now) {
  const cursors = table.openCursor();
  cursors.onsuccess = () => {
    const cursor = cursors.result;
    if (!cursor) {
      return;
    }
    const age = now - cursor.value.createdAt;
    if (age > LIFETIME_MS || age < 0) {
      cursor.delete();
    }
    cursor.continue();
  };
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(table: IDBObjectStore) => void} act
 * @returns {Promise<void>} once it is committed
 */
async function inTable(mode, act) {
  const database = await openDatabase();
  try {
    const transaction = database.transaction(TABLE, mode, { durability: "strict" });
    act(transaction.objectStore(TABLE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(undefined);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}
