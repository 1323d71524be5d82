"""A browser that ignores the transform of one sender, as browsers did: what is sent of that track goes past the worker, clear."""

_SCRIPT = """
{
  const native = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, 'transform');
  window.RTCRtpScriptTransform = class extends RTCRtpScriptTransform {
    constructor(worker, options) { super(worker, options); this.track = options.track; }
  };
  const set = function (made) { if (made.track !== 'TRACK') native.set.call(this, made); };
  Object.defineProperty(RTCRtpSender.prototype, 'transform', { ...native, set });
}
"""


def past_the_worker(track: str) -> str:
    """For a page that has no call yet; ``track``: ``mic``, ``camera``, ``screen``, ``screen-audio``."""
    return _SCRIPT.replace("TRACK", track)
