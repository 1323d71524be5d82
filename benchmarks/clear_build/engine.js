/**
 * For `benchmarks.join_time` alone: the media engine of a build that does not encrypt. It has the shipped engine's methods, holds
 * no key, and lets every frame by. The product neither contains nor serves it.
 */

export class MediaEngine {
  #report;
  #counters = new Map();

  constructor({ report }) {
    this.#report = report;
  }

  setIdentity() {}

  async installEpoch({ epoch }) {
    this.#report({ type: "installed", epoch });
  }

  setRoster() {}

  setSending() {}

  revokeAll() {}

  attach({ options, readable, writable }) {
    const counters = { frames: 0, ok: 0, dropped: {}, fields: {} };
    this.#counters.set(options.id, counters);
    const count = new TransformStream({
      transform(frame, controller) {
        counters.frames += 1;
        counters.ok += 1;
        controller.enqueue(frame);
      },
    });
    readable.pipeThrough(count).pipeTo(writable).catch(() => undefined);
  }

  counters() {
    return structuredClone(Object.fromEntries(this.#counters));
  }

  detach(ids) {
    for (const id of ids) this.#counters.delete(id);
  }
}
