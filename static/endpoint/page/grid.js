/** The size at which all tiles fit on the stage and are largest. */

const RATIO = 16 / 9;
const GAP = 12; // px, as in endpoint.css

/**
 * @param {number} count tiles
 * @param {number} width of the stage, px
 * @param {number} height of the stage, px
 * @returns {number} width of a tile, px
 */
export function bestTileWidth(count, width, height) {
  let best = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tileWidth = (width - GAP * (columns - 1)) / columns;
    const tileHeight = (height - GAP * (rows - 1)) / rows;
    best = Math.max(best, Math.min(tileWidth, tileHeight * RATIO));
  }
  return Math.floor(best);
}
