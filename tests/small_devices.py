"""A camera and a microphone that cost little: several browsers encode on two cores. Nothing of the product is changed.

Where the page asks for a picture of about some size, it is given a small one at 8 frames/s; sound comes without echo
cancellation, which took a tenth of a page's processor time. Who asks for an exact size gets it (tests/browser/test_layers.py).
"""

SMALL_DEVICES = """
if (globalThis.MediaDevices) {
  const given = MediaDevices.prototype.getUserMedia;
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  MediaDevices.prototype.getUserMedia = function (wanted) {
    const asked = { ...wanted };
    if (asked.audio) asked.audio = { ...(asked.audio === true ? {} : asked.audio), ...plain };
    if (typeof asked.video?.width === 'object') asked.video = { ...asked.video, width: 160, height: 90, frameRate: 8 };
    return given.call(this, asked);
  };
}
"""
