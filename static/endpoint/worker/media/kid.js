/** KID = u32(source id) ‖ u16(spi) ‖ u16(ekt_epoch) as one number (docs/protocol.md section 6). */

/** @param {number} sourceId @param {number} spi @param {number} ektEpoch @returns {bigint} */
export function makeKID(sourceId, spi, ektEpoch) {
  return (BigInt(sourceId) << 32n) | (BigInt(spi) << 16n) | BigInt(ektEpoch);
}

/** @param {bigint} kid @returns {number} the source id */
export function sourceIdOf(kid) {
  return Number(kid >> 32n);
}
