/**
 * The core frame: conference data beside the call. The endpoint page gives it one token and one proof for one request at a
 * time, over a line of its own; it has no session, and asks the page for nothing but another such pair.
 */

/** @typedef {{name: string, identity: string, role: string, kind: string, invited_by: string}} Invited */
/** @typedef {{title: string, starts_at: number, ends_at: number, initiator: string, invited: Invited[]}} About */

const WORDS = Object.freeze({
  invalid_token: 'This view is over. Open the panel again.',
  invalid_dpop_proof: 'This view is over. Open the panel again.',
  denied: 'You are not invited to this conference any more.',
  unavailable: 'The organisation\u2019s data is away for the moment. The call goes on.',
});

const { kmf = '' } = document.body.dataset;
/** @type {MessagePort | null} */
let line = null;

addEventListener('message', ({ source, origin, data, ports }) => {
  if (source !== parent || origin !== kmf || line) return;
  if (data?.type === 'core-frame?') parent.postMessage({ type: 'core-frame' }, kmf);
  if (data?.type === 'core-port' && ports[0]) listen(ports[0]);
});
element('again', HTMLButtonElement).addEventListener('click', () => line?.postMessage('again'));

/** @param {MessagePort} port */
function listen(port) {
  line = port;
  port.onmessage = ({ data }) => void show(data);
}

/** @param {{url: string, token: string, proof: string}} request */
async function show({ url, token, proof }) {
  try {
    const headers = { Authorization: `DPoP ${token}`, DPoP: proof };
    const answer = await fetch(url, { headers, credentials: 'omit', cache: 'no-store', redirect: 'error' });
    const content = await answer.json();
    if (answer.ok) paint(content);
    else say(String(content.error));
  } catch {
    say('unavailable');
  }
}

/** @param {About} about */
function paint(about) {
  const from = new Date(about.starts_at * 1000);
  const to = new Date(about.ends_at * 1000);
  const day = from.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  element('title', HTMLElement).textContent = about.title;
  element('when', HTMLElement).textContent = `${day} \u2013 ${to.toLocaleTimeString([], { timeStyle: 'short' })}`;
  element('invited', HTMLElement).replaceChildren(...about.invited.map(entry));
  element('about', HTMLElement).hidden = false;
  state('shown', '');
}

/** @param {Invited} person */
function entry({ name, identity, role, invited_by: by }) {
  const item = document.createElement('li');
  const [who, how] = [document.createElement('p'), document.createElement('p')];
  who.textContent = name;
  const why = role === 'initiator' ? 'Initiator' : `Invited by ${by}`;
  how.textContent = name === identity ? why : `${identity} · ${why}`;
  item.append(who, how);
  return item;
}

/** @param {string} code */
function say(code) {
  element('about', HTMLElement).hidden = true;
  state(code, /** @type {Record<string, string>} */ (WORDS)[code] ?? WORDS.unavailable);
}

/** @param {string} name @param {string} words */
function state(name, words) {
  document.body.dataset.state = name;
  element('words', HTMLElement).textContent = words;
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`no element ${id}`);
  return found;
}
