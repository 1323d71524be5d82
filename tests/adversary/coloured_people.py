"""People whose cameras show one colour each, so that it can be seen whose picture stands under whose name."""

from typing import Any

from playwright.sync_api import BrowserContext, Page

SCREEN = "green"
# A little of it moves: a still picture is shown as a camera that is off.
PAINT = """((colour, screen) => {
  const painted = (wanted) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 96 });
    const brush = canvas.getContext('2d');
    let count = 0;
    setInterval(() => {
      brush.fillStyle = wanted;
      brush.fillRect(0, 0, 160, 96);
      brush.fillStyle = 'black';
      brush.fillRect((count += 4) % 150, 90, 6, 4);
    }, 100);
    return canvas.captureStream(10).getVideoTracks()[0];
  };
  const native = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wanted) {
    return wanted.video ? new MediaStream([painted(colour)]) : native.call(this, wanted);
  };
  MediaDevices.prototype.getDisplayMedia = async () => new MediaStream([painted(screen)]);
})"""
# Every 50 ms, for each tile: the colour in the middle of its picture, whether the page shows the picture or not.
WATCH = """() => {
  window.seenColours = {};
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  const name = ([r, g, b, a]) => {
    if (a === 0) return '';
    const most = Math.max(r, g, b);
    if (most < 60) return '';
    return most === r ? (g > r / 2 ? 'mixed' : 'red') : most === g ? 'green' : 'blue';
  };
  setInterval(() => {
    for (const tile of document.querySelectorAll('[data-testid=tile], [data-testid=screen-tile]')) {
      const video = tile.querySelector('video');
      brush.clearRect(0, 0, 1, 1);
      if (video.readyState >= 2) brush.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
      const colour = name(brush.getImageData(0, 0, 1, 1).data);
      const who = tile.querySelector('.tile__name-words').textContent;
      if (colour) ((seenColours[who] ??= {})[colour] ??= 0, seenColours[who][colour] += 1);
    }
  }, 50);
}"""


def paint(context: BrowserContext, colour: str) -> None:
    """Whoever uses this profile has a camera that shows ``colour``, and a green screen."""
    context.add_init_script(f"{PAINT}('{colour}', '{SCREEN}')")


def watch(page: Page) -> None:
    """Look at every tile from now on."""
    page.evaluate(WATCH)


def forget(page: Page) -> None:
    page.evaluate("seenColours = {}")


def colours(page: Page) -> dict[str, set[str]]:
    """By the name on the tile, what was seen in it since `forget`."""
    seen: dict[str, Any] = page.evaluate("seenColours")
    return {name: set(found) for name, found in seen.items()}
