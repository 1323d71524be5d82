"""What a script in the frame may try; for each, what it gets: a value as text, or the name of an error.

``{kmf}`` and ``{conference}`` stand for what it could guess.
"""

OUT_OF_REACH: dict[str, tuple[str, str]] = {
    "the page's document": ("parent.document.body", "SecurityError"),
    "the page's address": ("parent.location.href", "SecurityError"),
    "another address for the page": ("parent.location.replace('https://elsewhere.invalid/')", "SecurityError"),
    "another address for the tab": ("(top.location = 'https://elsewhere.invalid/')", "SecurityError"),
    "the page's connections": ("parent.connections", "SecurityError"),
    "the page's storage": ("parent.indexedDB", "SecurityError"),
    "its own element": ("frameElement", "null"),
    "a window": ("open('about:blank')", "null"),
    "a question to the person": ("confirm('Your password?')", "false"),
    "camera and microphone": ("navigator.mediaDevices.getUserMedia({ audio: true, video: true })", "SecurityError"),
    "the screen": ("navigator.mediaDevices.getDisplayMedia({ video: true })", "NotAllowedError"),
    "where the person is": (
        "new Promise((_, no) => navigator.geolocation.getCurrentPosition(no, (e) => no({ name: e.code })))",
        "1",
    ),
    "the clipboard": ("navigator.clipboard.readText()", "NotAllowedError"),
    "local storage": ("localStorage", "SecurityError"),
    "cookies": ("document.cookie", "SecurityError"),
    "a database": ("indexedDB.open('x')", "SecurityError"),
    "caches": ("caches.keys()", "SecurityError"),
    "a service worker": ("navigator.serviceWorker.register('/app/hostile.js')", "SecurityError"),
    "a key, with token2 and proof": ("post('{kmf}/keys')", "TypeError"),
    "a passkey of the sign-in page": (
        "navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: new URL('{auth}').hostname } })",
        "NotAllowedError",
    ),
    "another token": ("post('{kmf}/token')", "TypeError"),
    "a leave in Ada's name": ("post('{kmf}/conferences/{conference}/leave')", "TypeError"),
    "what the page is made of": ("fetch('{kmf}/c/{conference}', { credentials: 'include' })", "TypeError"),
    "the push socket": ("socket('{kmf}/conferences/{conference}/events')", "closed"),
}

# Every form that a message to a window of ours could have, and the handshake again, with ports of the frame's own.
SHOUT = """(() => {
  const types = ['conference-application', 'conference-port', 'join-document', 'leave', 'configure'];
  for (let count = 0; count < 1500; count += 1) {
    const message = { type: types[count % types.length], request: count, origins: {}, event: 'over', code: 'left' };
    parent.postMessage(message, '*', [new MessageChannel().port1]);
  }
})()"""
OWN_CONNECTION = (
    "(() => { const own = new RTCPeerConnection(); own.addTransceiver('video'); return own.getSenders()[0].track; })()"
)
