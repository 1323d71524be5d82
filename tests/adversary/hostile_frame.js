/** The conference application's end of the line in wrong hands: it keeps what it hears; the test does the rest from outside. */

/** What came over the line, and how many ports came with it. @type {{data: any, ports: number}[]} */
window.heard = [];
/** Lines that the page has given. @type {MessagePort[]} */
window.lines = [];

window.addEventListener("message", (event) => {
  if (event.data?.type === "conference-application?") {
    parent.postMessage({ type: "conference-application" }, "*");
    return;
  }
  for (const line of event.ports) {
    window.lines.push(line);
    line.onmessage = ({ data, ports }) => window.heard.push({ data, ports: ports.length });
  }
});

/** Token2 and proof of the latest join. */
window.credentials = () => window.heard.findLast(({ data }) => data.type === "join").data;

/** Adds an element to the document. */
window.put = (tag, members) => document.body.appendChild(Object.assign(document.createElement(tag), members));

/** POST with token2 and proof. */
window.post = (url) => {
  const { token, proof } = window.credentials();
  return fetch(url, { method: "POST", headers: { Authorization: `DPoP ${token}`, DPoP: proof } });
};

/** What an expression gives, as text, or the name of its error. */
window.attempt = async (expression) => {
  try {
    return String(await eval(expression));
  } catch (error) {
    return String(error.name);
  }
};

/** Whether a socket opens. @param {string} url */
window.socket = (url) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => resolve("open");
    socket.onerror = socket.onclose = () => resolve("closed");
  });
