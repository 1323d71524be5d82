/** KID = u32(source id) ‖ u16(spi) ‖ u16(ekt_epoch): its upper half is the source id (docs/protocol.md section 6). */

/** @param {number} spi @param {number} ektEpoch @returns {number} the lower half of the KID: which sender key of its source */
export function keyNumber(spi, ektEpoch) {
  return spi * 0x10000 + ektEpoch;
}
