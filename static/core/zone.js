/**
 * The browser's time zone, told to the server in a cookie that holds nothing else.
 */

const YEAR_S = 365 * 24 * 3600;

/** @returns {string} IANA name. */
export function browserZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** Pages show times in this zone from the next one on. */
export function rememberZone() {
  const entry = `time_zone=${encodeURIComponent(browserZone())}`;
  if (!document.cookie.split('; ').includes(entry)) {
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `${entry}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`;
  }
}

/** Fill in the zone of the schedule form, and a start in it, where the server did not know the zone. */
export function preselectZone() {
  const input = document.querySelector('input[data-preselect]');
  if (!(input instanceof HTMLInputElement)) return;
  input.value = browserZone();
  const start = new Date(Math.ceil((Date.now() + 1) / 1_800_000) * 1_800_000);
  setValue('date', `${start.getFullYear()}-${two(start.getMonth() + 1)}-${two(start.getDate())}`);
  setValue('time', `${two(start.getHours())}:${two(start.getMinutes())}`);
}

/** @param {string} id @param {string} value */
function setValue(id, value) {
  const input = document.getElementById(id);
  if (input instanceof HTMLInputElement) input.value = value;
}

/** @param {number} number @returns {string} Two digits. */
function two(number) {
  return String(number).padStart(2, '0');
}
