/**
 * The live summary beside the schedule form: what the invitees will see, with the initiator's own time where it differs.
 */

import { splitEntries } from './addresses.js';
import { isZone, momentOf, offsetWords, spanWords, wallWords } from './wall_time.js';
import { browserZone } from './zone.js';

/** Keep the summary in step with the form, where the page has both. */
export function keepPreview() {
  const form = document.querySelector('form[data-schedule]');
  const preview = document.querySelector('[data-preview]');
  if (!(form instanceof HTMLFormElement) || !preview) return;
  const update = () => fill(preview, new FormData(form));
  form.addEventListener('input', update);
  form.addEventListener('change', update);
  update();
}

/** @param {Element} preview @param {FormData} data */
function fill(preview, data) {
  const read = (/** @type {string} */ name) => String(data.get(name) ?? '').trim();
  const [date, time, minutes] = [read('date'), read('time'), Number(read('duration_min'))];
  const zone = read('time_zone').replaceAll(' ', '_');
  const moment = momentOf(date, time, zone);
  say(preview, 'title', read('title') || 'Title');
  say(preview, 'when', wallWords(date, time, minutes) || 'Day and time');
  say(preview, 'zone', moment === null ? 'in the zone you choose' : zoneWords(zone, moment));
  const mine = browserZone();
  const differs = moment !== null && isZone(mine) && offsetWords(moment, mine) !== offsetWords(moment, zone);
  say(preview, 'yours', differs ? `For you: ${spanWords(moment, moment + minutes * 60_000, mine)}` : '');
  const people = splitEntries(read('invitees')).length;
  const rooms = splitEntries(read('rooms')).length;
  say(preview, 'count', people + rooms === 0 ? '' : `Goes to ${[counted(people, 'person', 'people'), counted(rooms, 'room', 'rooms')].filter(Boolean).join(' and ')}`);
}

/** @param {string} zone @param {number} moment @returns {string} */
function zoneWords(zone, moment) {
  return zone === 'UTC' ? 'UTC' : `${zone.replaceAll('_', ' ')} (${offsetWords(moment, zone)})`;
}

/** @param {number} count @param {string} one @param {string} many @returns {string} */
function counted(count, one, many) {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`;
}

/** @param {Element} preview @param {string} part @param {string} text */
function say(preview, part, text) {
  const element = preview.querySelector(`[data-preview-${part}]`);
  if (!(element instanceof HTMLElement)) return;
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}
