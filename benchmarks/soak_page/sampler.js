/**
 * In every page of the soak: how long each tile stood still. A tile's gap is the time between two looks at which its decoder had
 * made another frame; it runs as long as the tile is on the page. Nothing of the product is changed.
 */

const EVERY_MS = 500;

window.tiles = new Map();
window.connectionsSeen = [];
const Native = RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(...given) {
    super(...given);
    window.connectionsSeen.push(this);
  }
};

async function decodedByTrack() {
  const decoded = new Map();
  window.connectionsSeen = window.connectionsSeen.filter(({ connectionState }) => connectionState !== "closed");
  for (const connection of window.connectionsSeen) {
    for (const row of (await connection.getStats()).values()) {
      if (row.type === "inbound-rtp" && row.kind === "video") decoded.set(row.trackIdentifier, row.framesDecoded ?? 0);
    }
  }
  return decoded;
}

async function look() {
  const decoded = await decodedByTrack();
  const now = performance.now();
  const present = new Set();
  for (const element of document.querySelectorAll("[data-testid=tile]")) {
    const source = Number(element.dataset.sourceId);
    const frames = decoded.get(element.querySelector("video").srcObject?.getVideoTracks()[0]?.id) ?? 0;
    const tile = window.tiles.get(source) ?? { frames: 0, since: now, changedAt: now, firstMs: null, worstMs: 0, count: 0, total: 0 };
    present.add(source);
    window.tiles.set(source, tile);
    if (frames !== tile.frames) {
      if (tile.firstMs === null) tile.firstMs = now - tile.since;
      else tile.worstMs = Math.max(tile.worstMs, now - tile.changedAt);
      tile.total += Math.max(0, frames - tile.frames);
      tile.changedAt = now;
    } else if (tile.firstMs !== null) {
      tile.worstMs = Math.max(tile.worstMs, now - tile.changedAt);
    }
    tile.frames = frames;
  }
  for (const [source, tile] of window.tiles) tile.present = present.has(source);
}

/** What was seen since the page was loaded, and only once: the next call begins anew for those that are gone. */
window.takeTiles = () => {
  const found = [...window.tiles].map(([source, tile]) => ({ source, ...tile, secondsMs: performance.now() - tile.since }));
  for (const [source, tile] of window.tiles) if (!tile.present) window.tiles.delete(source);
  return found;
};

(async () => {
  for (;;) {
    await look().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
})();
