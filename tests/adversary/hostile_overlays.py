"""What a frame may try to come over the page around it, or to look like it; for each, what its script gets.

Evaluated as with a person's click just before ("transient activation"): what browsers ask for most of it.
"""

import base64

from playwright.sync_api import Dialog, Page, expect

from tests.browser.joining import until

# For a frame of the page, whatever its sandbox. `put` of the hostile scripts adds an element to the frame's body.
OVERLAYS: dict[str, tuple[str, str]] = {
    "the whole screen": ("document.documentElement.requestFullscreen()", "TypeError"),
    "a picture above all windows": ("document.createElement('video').requestPictureInPicture()", "SecurityError"),
    "a document above all windows": ("documentPictureInPicture.requestWindow({ width: 1200 })", "NotAllowedError"),
    "the pointer": ("document.documentElement.requestPointerLock()", "SecurityError"),
    "the whole keyboard": ("navigator.keyboard.lock()", "InvalidStateError"),
    "boxes of the browser": (
        "JSON.stringify([alert('Your code: 00000'), confirm('Leave?'), prompt('Password?'), print()])",
        "[null,false,null,null]",
    ),
    "a popover": (
        """(() => {
          const box = put('div', { popover: 'manual', style: 'inset: -999px; background: red' });
          box.showPopover();
          return box.matches(':popover-open');
        })()""",
        "true",
    ),
    "a notice of the system": ("Notification.requestPermission()", "denied"),
    "a payment": (
        """new PaymentRequest([{ supportedMethods: 'https://elsewhere.invalid/' }],
             { total: { label: 'x', amount: { currency: 'EUR', value: '1' } } })""",
        "SecurityError",
    ),
    "a passkey of its own": (
        """navigator.credentials.create({ publicKey: {
             challenge: new Uint8Array(32), rp: { name: 'x' }, user: { id: new Uint8Array(8), name: 'x', displayName: 'x' },
             pubKeyCredParams: [{ type: 'public-key', alg: -7 }] } })""",
        "NotAllowedError",
    ),
    "a passkey of hers": ("navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32) } })", "NotAllowedError"),
    "a link for the whole tab": ("put('a', { href: 'https://elsewhere.invalid/', target: '_top' }).click()", "undefined"),
    "a link for another tab": ("put('a', { href: 'about:blank#x', target: '_blank' }).click()", "undefined"),
    "a form for the whole tab": ("put('form', { action: 'https://elsewhere.invalid/', target: '_top' }).submit()", "undefined"),
    "a title": ("(document.title = 'End-to-end encrypted')", "End-to-end encrypted"),
    "to be scrolled to": ("(document.body.scrollIntoView({ block: 'end' }), document.body.focus())", "undefined"),
    "the pages before this one": ("(history.go(-1), history.go(-2), history.back())", "undefined"),
}
_DIALOG = """(() => {
  const style = 'position: fixed; inset: -2000px; z-index: 2147483647; background: red';
  const box = put('dialog', { textContent: 'End-to-end encrypted', style });
  box.showModal();
  return box.open;
})()"""
# It takes the focus, too: not for a frame that is gone then.
DIALOG: dict[str, tuple[str, str]] = {"a dialog above everything": (_DIALOG, "true")}
# Said after an answer, for the frame may be gone before one.
FOCUS_DIALOG = f"void setTimeout(() => {_DIALOG}, 100)"
FOCUS_WINDOW = "void setTimeout(() => window.focus(), 100)"
FOCUS_FIELD = "void setTimeout(() => put('input', { autofocus: true }).focus(), 100)"
# What a test evaluates counts as a click. After so many ms it does not any more.
NO_CLICK_MS = 6_000
GRAB = f"""(() => {{
  const field = put('input', {{}});
  const take = () => {{ window.focus(); field.focus(); }};
  setTimeout(() => setInterval(take, 20), {NO_CLICK_MS});
}})()"""
STAY = "addEventListener('beforeunload', (event) => { event.preventDefault(); event.returnValue = 'Stay'; })"
# At the middle and at the corners of the element stands the element itself, all of it within the window.
STANDS_FREE = """(id) => {
  const element = document.getElementById(id);
  const { left, right, top, bottom } = element.getBoundingClientRect();
  if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || right - left < 60) return false;
  const places = [[(left + right) / 2, (top + bottom) / 2], [left + 12, top + 4], [right - 12, bottom - 4]];
  return element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && places.every(([x, y]) => element.contains(document.elementFromPoint(x, y)));
}"""
NOTHING_ABOVE = """() => document.fullscreenElement === null && document.pictureInPictureElement === null
  && document.pointerLockElement === null && window.scrollX === 0 && window.scrollY === 0"""

# How far two pictures are apart, at most, of 255: edges that are round come out otherwise by a little each time.
NOISE = 12
DIFFERENCE = """async (pictures) => {
  const [one, other] = await Promise.all(pictures.map(async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes]));
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    canvas.drawImage(picture, 0, 0);
    return canvas.getImageData(0, 0, picture.width, picture.height).data;
  }));
  return one.length === other.length ? one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at])), 0) : 255;
}"""


class Beheld:
    """What a person sees of the statement of encryption before the attacks, to be compared with what stands there after them."""

    def __init__(self, page: Page) -> None:
        self.page, self.title, self.boxes = page, page.title(), list[str]()
        page.on("dialog", self._box)
        self.seal = page.get_by_test_id("seal").screenshot()

    def _box(self, box: Dialog) -> None:
        self.boxes.append(box.message)
        box.dismiss()

    def stands(self, *ids: str) -> None:
        """The seal looks as before, nothing is above it or elements ``ids``, and no box was opened."""
        page = self.page
        assert page.title() == self.title
        assert self.boxes == []
        assert page.evaluate(NOTHING_ABOVE)
        for element in ("seal", *ids):
            assert page.evaluate(STANDS_FREE, element), element
        now = page.get_by_test_id("seal").screenshot()
        assert page.evaluate(DIFFERENCE, [base64.b64encode(each).decode() for each in (self.seal, now)]) <= NOISE


def keys_still_reach(page: Page) -> None:
    """What is typed goes to the page: the shortcut of the microphone does what it says."""
    microphone = page.get_by_test_id("toggle-mic")
    for pressed in ("false", "true"):
        page.keyboard.press("Control+d")
        expect(microphone).to_have_attribute("aria-pressed", pressed)
        page.wait_for_timeout(150)
    until(lambda: page.evaluate("document.activeElement?.tagName") != "IFRAME", "the focus to stay")
