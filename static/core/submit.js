/**
 * A form is sent once: the second press does nothing while the first is under way.
 */

/** Guard every form with a `data-once` button. */
export function guardSubmit() {
  for (const button of document.querySelectorAll('button[data-once]')) {
    const form = button.closest('form');
    form?.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = 'yes';
      button.setAttribute('aria-disabled', 'true');
    });
  }
  // A page that comes back from the history may be sent again.
  addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) {
      delete (/** @type {HTMLFormElement} */ (form)).dataset.sent;
      form.querySelector('button[data-once]')?.removeAttribute('aria-disabled');
    }
  });
}
