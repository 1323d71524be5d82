/** What the tab does while one is in: the screen stays awake, the clock goes, and a tab that is closed says goodbye. */

import { byId } from "./elements.js";

const CLOCK_MS = 1_000;

/** @typedef {{url: string, proof: string}} Goodbye made in advance: the worker goes with its tab */

export class Tab {
  /** @type {Goodbye | null} */
  #goodbye = null;
  #clock = 0;
  #startedAt = 0;
  /** @type {WakeLockSentinel | null} */
  #wakeLock = null;
  #isOpen = false;

  /** @param {Goodbye} goodbye */
  set goodbye(goodbye) {
    this.#goodbye = goodbye;
  }

  open() {
    this.#isOpen = true;
    addEventListener("pagehide", this.#sayGoodbye);
    document.addEventListener("visibilitychange", this.#keepAwake);
    this.#startedAt = performance.now();
    this.#clock = setInterval(() => this.#showClock(), CLOCK_MS);
    this.#keepAwake();
  }

  close() {
    this.#isOpen = false;
    removeEventListener("pagehide", this.#sayGoodbye);
    document.removeEventListener("visibilitychange", this.#keepAwake);
    clearInterval(this.#clock);
    void this.#wakeLock?.release();
    this.#wakeLock = null;
  }

  #showClock() {
    const minutes = Math.floor((performance.now() - this.#startedAt) / 60_000);
    byId("clock", HTMLElement).textContent = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  #keepAwake = () => {
    if (document.visibilityState === "visible" && this.#isOpen) {
      navigator.wakeLock?.request("screen").then(
        (lock) => this.#keep(lock),
        () => undefined,
      );
    }
  };

  /** @param {WakeLockSentinel} lock that may come when one has left already */
  #keep(lock) {
    if (this.#isOpen) {
      this.#wakeLock = lock;
    } else {
      void lock.release();
    }
  }

  #sayGoodbye = () => {
    if (this.#goodbye && this.#isOpen) {
      const { url, proof } = this.#goodbye;
      void fetch(url, { method: "POST", headers: { DPoP: proof }, keepalive: true, credentials: "omit" }).catch(() => undefined);
    }
  };
}
