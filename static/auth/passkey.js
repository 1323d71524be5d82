/**
 * Passkeys: a form with `data-passkey` asks the browser for one before it is sent. What is asked stands in `data-options`, or is
 * fetched from `data-options-from`, so that a page that stays open does not ask with an old challenge. Without this module, or
 * in a browser without passkeys, forms that ask for one stay hidden.
 *
 * Spec: WebAuthn level 3 sections 5.1.8 to 5.1.10.
 * @module
 */

const hasPasskeys = 'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!(form instanceof HTMLFormElement)) continue;
  if (!hasPasskeys) {
    fail(form);
    continue;
  }
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form);
  });
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const button = form.querySelector('button');
  const field = form.elements.namedItem('credential');
  if (!button || !(field instanceof HTMLInputElement)) return;
  button.disabled = true;
  try {
    const credential = form.dataset['passkey'] === 'create' ? await create(form) : await get(form);
    if (!(credential instanceof PublicKeyCredential)) throw new TypeError('no passkey');
    field.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch {
    // Turned away by the person, by the browser, or nothing fits: the browser does not say which, and rightly.
    fail(form);
    button.disabled = false;
    button.focus();
  }
}

/** @param {HTMLFormElement} form */
async function create(form) {
  const { publicKey } = await options(form);
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
}

/** @param {HTMLFormElement} form */
async function get(form) {
  const { publicKey } = await options(form);
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

/** @param {HTMLFormElement} form @returns {Promise<{publicKey: any}>} */
async function options(form) {
  const url = form.dataset['optionsFrom'];
  if (url === undefined) return JSON.parse(form.dataset['options'] ?? '');
  const response = await fetch(url, { headers: { 'X-Requested-With': 'XMLHttpRequest' } });
  return (await response.json()).request_options;
}

/** @param {HTMLFormElement} form */
function fail(form) {
  const error = form.querySelector('[data-passkey-error]');
  if (error instanceof HTMLElement) error.hidden = false;
}
