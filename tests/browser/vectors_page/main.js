/** Runs a test worker and gives back its one answer. */

/**
 * @param {string} file a module worker beside this file
 * @param {unknown} question
 * @returns {Promise<unknown>}
 */
export function ask(file, question) {
  const worker = new Worker(file, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(`${event.message} ${event.filename}:${event.lineno}`));
    worker.postMessage(question);
  }).finally(() => worker.terminate());
}

document.body.dataset.ready = "true";
