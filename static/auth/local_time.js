/**
 * Times in the zone of whoever looks. Without this module a page says them in the conference's own zone.
 * @module
 */

for (const time of document.querySelectorAll('time[data-local]')) {
  const at = new Date(time.getAttribute('datetime') ?? '');
  if (Number.isNaN(at.getTime())) continue;
  time.textContent = new Intl.DateTimeFormat('en-GB', {
    weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short',
  }).format(at);
}
