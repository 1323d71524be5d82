/**
 * "Show" beside a password field. Without this module the button stays hidden and the form works as it is.
 * @module
 */

for (const button of document.querySelectorAll('button[data-shows]')) {
  const field = document.getElementById(button.getAttribute('data-shows') ?? '');
  if (!(button instanceof HTMLButtonElement) || !(field instanceof HTMLInputElement)) continue;
  button.hidden = false;
  button.addEventListener('click', () => toggle(button, field));
  // A password is never left readable in a form that is sent or restored from history.
  field.form?.addEventListener('submit', () => { field.type = 'password'; });
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLInputElement} field
 */
function toggle(button, field) {
  const shown = field.type === 'text';
  field.type = shown ? 'password' : 'text';
  button.setAttribute('aria-pressed', String(!shown));
  button.textContent = shown ? 'Show' : 'Hide';
  field.focus();
}
