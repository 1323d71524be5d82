"""Scripts that act as the core application: in a page of its origin without our headers, and in its frame beside a call."""

from playwright.sync_api import BrowserContext, Frame, Page

from tests.scenes import Scene

SCRIPT = """
window.heard = [];
window.line = null;
addEventListener('message', ({ source, data, ports }) => {
  if (data?.type === 'core-frame?') source.postMessage({ type: 'core-frame' }, '*');
  if (ports[0]) { window.line = ports[0]; line.onmessage = ({ data }) => heard.push(data); }
});
window.attempt = async (expression) => {
  try { return String(await eval(expression)); } catch (error) { return String(error.name); }
};
window.put = (tag, members) => document.body.appendChild(Object.assign(document.createElement(tag), members));
window.frameOf = (address, element = 'iframe') => {
  const made = document.createElement(element);
  made[element === 'object' ? 'data' : 'src'] = address;
  document.body.append(made);
};
window.socket = (url) => new Promise((resolve) => {
  const opened = new WebSocket(url.replace('http', 'ws'));
  opened.onopen = () => resolve('open');
  opened.onerror = opened.onclose = () => resolve('closed');
});
window.blindly = (url, body = 'grant_type=refresh_token', type = 'text/plain') =>
  fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body, headers: { 'Content-Type': type } })
    .then(({ type, status }) => `${type} ${status}`);
window.script = (src) => new Promise((resolve) => {
  const made = Object.assign(document.createElement('script'), { src, type: 'module' });
  made.onload = () => resolve('loaded');
  made.onerror = () => resolve('refused');
  document.head.append(made);
});
window.sibling = () => [...Array(parent.length).keys()].map((at) => parent.frames[at]).find((other) => other !== window);
"""
DOCUMENT = f'<!doctype html><meta charset="utf-8"><title>hostile</title><body><script>{SCRIPT}</script>'


def act_as_core(context: BrowserContext, scene: Scene, path: str) -> None:
    """From now on ``path`` of the core origin is the attacker's document in this profile, with no header of ours."""
    context.route(f"{scene.stack.origins.core}{path}", lambda route: route.fulfill(content_type="text/html", body=DOCUMENT))


def attempt(place: Page | Frame, scene: Scene, expression: str) -> str:
    """What a script gets for ``expression``: a text, or the name of the error."""
    names = scene.stack.origins.public | {"conference": scene.conference_id, "uri": scene.uri}
    for name, value in names.items():
        expression = expression.replace(f"{{{name}}}", value)
    result: str = place.evaluate("(expression) => attempt(expression)", expression)
    return result
