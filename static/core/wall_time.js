/**
 * A day and a clock time in a zone, in words and as a moment. The server decides about hours that clocks skip or repeat.
 */

const HOUR_MS = 3_600_000;

/**
 * @param {string} date As `2026-08-31`.
 * @param {string} time As `14:30`.
 * @param {number} minutes Duration.
 * @returns {string} `Monday, 31 August 2026, 14:30–15:30`, or empty where the input is none.
 */
export function wallWords(date, time, minutes) {
  const start = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(start)) return '';
  return spanWords(start, start + minutes * 60_000, 'UTC');
}

/**
 * @param {number} start Milliseconds since 1970.
 * @param {number} end
 * @param {string} zone IANA name.
 * @returns {string}
 */
export function spanWords(start, end, zone) {
  const day = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  const [first, last] = [day.format(start), day.format(end)].map((words) => words.replace(/^(\p{L}+) /u, '$1, '));
  return first === last ? `${first}, ${clock.format(start)}–${clock.format(end)}` : `${first}, ${clock.format(start)} – ${last}, ${clock.format(end)}`;
}

/**
 * @param {string} date @param {string} time @param {string} zone
 * @returns {number | null} The moment in milliseconds since 1970; null where the zone or the input is none.
 */
export function momentOf(date, time, zone) {
  const wall = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(wall) || !isZone(zone)) return null;
  let moment = wall - offsetAt(wall, zone);
  moment = wall - offsetAt(moment, zone);
  return moment;
}

/** @param {string} zone @returns {boolean} */
export function isZone(zone) {
  try {
    return zone !== '' && Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}

/** @param {number} moment @param {string} zone @returns {string} `UTC+2`, `UTC−3:30`, `UTC`. */
export function offsetWords(moment, zone) {
  const offset = offsetAt(moment, zone);
  if (offset === 0) return 'UTC';
  const minutes = Math.abs(offset) / 60_000;
  const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, '0')}` : '';
  return `UTC${offset > 0 ? '+' : '−'}${Math.floor(Math.abs(offset) / HOUR_MS)}${rest}`;
}

/** @param {number} moment @param {string} zone @returns {number} Milliseconds east of UTC. */
function offsetAt(moment, zone) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  }).formatToParts(moment);
  /** @param {Intl.DateTimeFormatPartTypes} type @returns {number} */
  const part = (type) => Number(parts.find((one) => one.type === type)?.value ?? 0);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - Math.floor(moment / 1000) * 1000;
}
