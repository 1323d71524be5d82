/** The initiator's say over who comes in: who waits, the lock, who was removed. The key service decides; this asks it. */

import { announce } from "./announcer.js";
import { showPanel } from "./controls.js";
import { showKeptOut, showWaiting } from "./door_lists.js";
import { byId } from "./elements.js";
import { nameOf } from "./people.js";
import { askForRemoval, StepUpDialog } from "./door_dialogs.js";
import { orderWords } from "./words.js";
import { codeOf } from "./worker_port.js";

const LOOK_EVERY_MS = 3_000;

/**
 * @typedef {import("../worker/session/moderation.js").Door} DoorState
 * @typedef {{action: string, participant?: string}} Order
 * @typedef {import("../worker/roster/bodies.js").RosterEntry} RosterEntry
 */

export class Door {
  #port;
  #banner;
  #stepUp;
  #isMine = false;
  #timer = 0;
  /** What is shown, as text: it is made anew only when it changed. */
  #shown = "";
  /** @type {Set<string>} */
  #known = new Set();

  /** @param {{port: import("./worker_port.js").WorkerPort, banner: import("./banner.js").Banner}} options */
  constructor({ port, banner }) {
    this.#port = port;
    this.#banner = banner;
    this.#stepUp = new StepUpDialog({ port, onProblem: (code) => this.#showProblem(code) });
    byId("lock", HTMLButtonElement).onclick = ({ currentTarget }) => {
      const isLocked = /** @type {HTMLElement} */ (currentTarget).getAttribute("aria-pressed") === "true";
      void this.#send({ action: isLocked ? "unlock" : "lock" });
    };
  }

  /** The verified roster says whose door this is. @param {{entries: RosterEntry[], self: number}} roster */
  rosterChanged({ entries, self }) {
    const isMine = entries.some((entry) => entry.sourceId === self && entry.role === "initiator");
    if (isMine === this.#isMine) {
      return;
    }
    this.#isMine = isMine;
    byId("door", HTMLElement).hidden = !isMine;
    if (isMine) {
      void this.#look();
    } else {
      this.stop();
    }
  }

  /** How to remove somebody, for whoever may. @returns {((entry: RosterEntry) => void) | undefined} */
  get onRemove() {
    return this.#isMine ? (entry) => void this.#remove(entry) : undefined;
  }

  stop() {
    this.#isMine = false;
    clearTimeout(this.#timer);
    this.#stepUp.close();
    this.#banner.set("knocking", false);
    byId("door", HTMLElement).hidden = true;
    byId("waiting-count", HTMLElement).hidden = true;
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      this.#show(await this.#port.request("moderate", { order: { action: "look" } }));
    } catch {
      // A line that is away: the next look tries again.
    }
    if (this.#isMine) {
      this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
    }
  }

  /** @param {Order} order */
  async #send(order) {
    try {
      this.#show(await this.#port.request("moderate", { order }));
      this.#showProblem("");
    } catch (error) {
      if (codeOf(error) === "step_up") {
        await this.#stepUp.ask(() => void this.#send(order));
        return;
      }
      this.#showProblem(codeOf(error));
      void this.#look();
    }
  }

  /** @param {RosterEntry} entry */
  async #remove(entry) {
    const answer = await askForRemoval(nameOf(entry));
    if (answer !== null) {
      await this.#send({ action: answer.isForGood ? "ban" : "remove", participant: entry.identity });
    }
  }

  /** @param {DoorState} door */
  #show(door) {
    if (!this.#isMine || JSON.stringify(door) === this.#shown) {
      return;
    }
    this.#shown = JSON.stringify(door);
    const act = (/** @type {string} */ action, /** @type {string} */ participant) => void this.#send({ action, participant });
    showWaiting(door.waiting, act);
    const isWaiting = new Set(door.waiting.map(({ identity }) => identity));
    showKeptOut(door.keptOut.filter(({ identity }) => !isWaiting.has(identity)), act);
    showLock(door);
    this.#knock(door.waiting);
  }

  /** @param {DoorState["waiting"]} waiting */
  #knock(waiting) {
    const isNew = waiting.filter(({ identity }) => !this.#known.has(identity));
    this.#known = new Set(waiting.map(({ identity }) => identity));
    isNew.forEach(({ name }) => announce(`${name} is waiting to be let in`));
    const run = () => {
      this.#banner.set("knocking", false);
      showPanel("people-panel");
    };
    if (isNew.length > 0 || waiting.length === 0) {
      const isSeen = !byId("people-panel", HTMLElement).hidden;
      this.#banner.set("knocking", waiting.length > 0 && !isSeen, { words: "Show who", run });
    }
  }

  /** @param {string} code empty: nothing is amiss */
  #showProblem(code) {
    byId("door-problem", HTMLElement).textContent = code && orderWords(code);
  }
}

/** @param {DoorState} door */
function showLock({ locked, admission }) {
  const button = byId("lock", HTMLButtonElement);
  button.textContent = locked ? "Unlock" : "Lock";
  button.setAttribute("aria-pressed", String(locked));
  const open = admission === "lobby" ? "Invited people wait until you let them in." : "Invited people can come in.";
  byId("lock-words", HTMLElement).textContent = locked ? "Locked: nobody new comes in." : open;
}
