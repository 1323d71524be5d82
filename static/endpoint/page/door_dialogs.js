/** Two questions to the initiator: whether to remove somebody, and whether it is still he who asks. */

import { byId } from "./elements.js";
import { codeOf } from "./worker_port.js";

const WINDOW = "popup,noopener,width=480,height=680";

/**
 * Ask before somebody is removed.
 *
 * @param {string} name
 * @returns {Promise<{isForGood: boolean} | null>} null: not after all
 */
export function askForRemoval(name) {
  const dialog = byId("remove-dialog", HTMLDialogElement);
  const forGood = byId("remove-for-good", HTMLInputElement);
  byId("remove-title", HTMLElement).textContent = `Remove ${name}?`;
  forGood.checked = false;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "remove" ? { isForGood: forGood.checked } : null);
  });
}

/** Confirming who one is, in a window of its own: the conference goes on meanwhile (worker/session/step_up.js). */
export class StepUpDialog {
  #port;
  #onProblem;
  #dialog = byId("confirm-dialog", HTMLDialogElement);
  /** @type {(() => void) | null} */
  #then = null;

  /** @param {{port: import("./worker_port.js").WorkerPort, onProblem: (code: string) => void}} options */
  constructor({ port, onProblem }) {
    this.#port = port;
    this.#onProblem = onProblem;
    this.#dialog.onclose = () => (this.#then = null);
    port.on("step-up", ({ code }) => this.#answered(code));
  }

  /** @param {() => void} then what to do once it is confirmed */
  async ask(then) {
    try {
      // The address is made first: a window may only be opened at the press of a button.
      const url = await this.#port.request("begin-step-up");
      this.#then = then;
      byId("confirm", HTMLButtonElement).onclick = () => void open(url, "_blank", WINDOW);
      this.#dialog.showModal();
    } catch (error) {
      this.#onProblem(codeOf(error));
    }
  }

  close() {
    this.#dialog.close();
  }

  /** @param {string | null} code */
  #answered(code) {
    const then = this.#then;
    this.#dialog.close();
    if (code === null) {
      then?.();
    } else {
      this.#onProblem(code);
    }
  }
}
