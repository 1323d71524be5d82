/**
 * A text area of addresses becomes a box of chips: Enter, comma, semicolon or paste adds, Backspace takes the last back.
 * The text area stays the field that is sent.
 */

import { addressOf, looksLikeAddress, splitEntries } from './addresses.js';

const SVG = 'http://www.w3.org/2000/svg';

/** @param {HTMLTextAreaElement} area */
export function enhanceAddresses(area) {
  const box = document.createElement('div');
  box.className = 'chip-box';
  const input = makeInput(area);
  const entries = splitEntries(area.value);
  const show = () => {
    area.value = entries.join('\n');
    box.replaceChildren(...entries.map((entry, at) => makeChip(entry, entries.findIndex((one) => addressOf(one) === addressOf(entry)) !== at, () => {
      entries.splice(at, 1);
      show();
      input.focus();
    })), input);
    area.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const add = () => {
    const typed = splitEntries(input.value);
    input.value = '';
    if (typed.length === 0) return;
    entries.push(...typed);
    show();
    input.focus();
  };
  input.addEventListener('keydown', (event) => {
    if ((event.key === 'Enter' && input.value.trim() !== '') || event.key === ',' || event.key === ';') {
      event.preventDefault();
      add();
    } else if (event.key === 'Backspace' && input.value === '' && entries.length > 0) {
      event.preventDefault();
      input.value = entries.pop() ?? '';
      show();
      input.focus();
    }
  });
  input.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (splitEntries(text).length < 2) return;
    event.preventDefault();
    input.value += `\n${text}`;
    add();
  });
  input.addEventListener('blur', add);
  area.form?.addEventListener('submit', add);
  box.addEventListener('click', (event) => { if (event.target === box) input.focus(); });
  area.hidden = true;
  area.after(box);
  show();
}

/** @param {HTMLTextAreaElement} area @returns {HTMLInputElement} */
function makeInput(area) {
  const input = document.createElement('input');
  input.className = 'chip-box__input';
  input.type = 'text';
  input.inputMode = 'email';
  input.autocomplete = 'off';
  input.spellcheck = false;
  for (const name of ['aria-describedby', 'aria-invalid']) {
    const value = area.getAttribute(name);
    if (value) input.setAttribute(name, value);
  }
  // The label speaks for the field that is seen, and the error summary leads to it.
  input.id = area.id;
  area.removeAttribute('id');
  return input;
}

/** @param {string} entry @param {boolean} again @param {() => void} remove @returns {HTMLElement} */
function makeChip(entry, again, remove) {
  const chip = document.createElement('span');
  const wrong = again || !looksLikeAddress(entry);
  chip.className = wrong ? 'chip chip--bad' : 'chip';
  if (wrong) chip.title = again ? 'Listed already' : 'Not an e-mail address';
  const text = document.createElement('span');
  text.textContent = entry;
  const button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('aria-label', `Remove ${entry}${wrong ? ` (${chip.title})` : ''}`);
  button.append(cross());
  button.addEventListener('click', remove);
  chip.append(text, button);
  return chip;
}

/** @returns {SVGElement} */
function cross() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 12 12');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', 'M2 2l8 8M10 2l-8 8');
  path.setAttribute('stroke', 'currentColor');
  path.setAttribute('stroke-width', '1.6');
  path.setAttribute('stroke-linecap', 'round');
  svg.append(path);
  return svg;
}
