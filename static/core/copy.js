/**
 * Buttons that copy the conference link; hidden where there is no clipboard.
 */

const SHOWN_MS = 2000;

/** Show the buttons and let them copy. */
export function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll('button[data-copy]')) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.hidden = false;
    button.addEventListener('click', () => void copy(button));
  }
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  const text = button.querySelector('[data-copy-text]');
  if (!text) return;
  let said = 'Copied';
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? '');
  } catch {
    said = 'Select the link and copy it';
  }
  text.textContent = said;
  setTimeout(() => { text.textContent = 'Copy'; }, SHOWN_MS);
}
