/** Stands in for the media engine: turns the bits over, keeps the clear bytes of VP8, counts. Lives in the tests only. */

const counters = {};

onrtctransform = ({ transformer }) => {
  const { id, after, codec } = transformer.options;
  const count = (counters[id] = counters[after] ?? { frames: 0, ok: 0 });
  delete counters[after];
  const transform = new TransformStream({
    transform(frame, controller) {
      const bytes = new Uint8Array(frame.data);
      const clear = codec === "vp8" ? ((bytes[0] & 1) === 0 ? 10 : 3) : 0;
      for (let index = clear; index < bytes.length; index += 1) bytes[index] ^= 0xa5;
      count.frames += 1;
      if (!self.uncounted) count.ok += 1;
      controller.enqueue(frame);
    },
  });
  void transformer.readable.pipeThrough(transform).pipeTo(transformer.writable);
};

function answer() {
  postMessage(structuredClone(counters));
}

self.letGo = () => {
  self.holding = false;
  answer();
};

onmessage = ({ data }) => {
  if (data === "stop-counting") self.uncounted = true;
  else if (data === "fall-silent") self.silent = true;
  else if (data === "forget") for (const id of Object.keys(counters)) counters[id].ok = 0;
  else if (data.type === "detach") for (const id of data.ids) delete counters[id];
  else if (self.holding) self.held = true;
  else if (!self.silent) answer();
};
