/** The participant's own screen, window or tab, for as long as he shares it. */

const PICTURE = Object.freeze({ frameRate: { ideal: 10, max: 15 }, width: { max: 1920 }, height: { max: 1200 } });
/** Sound of a film or a tab is to stay as it is. */
const SOUND = Object.freeze({ echoCancellation: false, noiseSuppression: false, autoGainControl: false });

export class OwnScreen {
  /** @type {MediaStreamTrack[]} */
  #tracks = [];
  /** Counts the questions; an answer to one that was given up comes too late. */
  #request = 0;
  /** Called when sharing began, or ended, by whatever button. */
  onChanged = () => undefined;

  static get isPossible() {
    return typeof navigator.mediaDevices?.getDisplayMedia === "function";
  }

  /** @returns {MediaStreamTrack | null} */
  get picture() {
    return this.#tracks.find(({ kind }) => kind === "video") ?? null;
  }

  /** Null where the browser or its owner gives none. @returns {MediaStreamTrack | null} */
  get sound() {
    return this.#tracks.find(({ kind }) => kind === "audio") ?? null;
  }

  /**
   * The browser asks what is to be shared.
   *
   * @throws {DOMException} as getDisplayMedia: NotAllowedError where its owner thought better of it
   */
  async start() {
    const request = ++this.#request;
    const wanted = { video: PICTURE, audio: SOUND, selfBrowserSurface: "exclude", surfaceSwitching: "include" };
    const stream = await navigator.mediaDevices.getDisplayMedia(wanted);
    if (request !== this.#request) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    this.#tracks.forEach((track) => track.stop());
    this.#tracks = stream.getTracks();
    this.#tracks.forEach((track) => this.#watch(track));
    this.onChanged();
  }

  stop() {
    this.#request += 1;
    const wasShared = this.#tracks.length > 0;
    this.#tracks.forEach((track) => track.stop());
    this.#tracks = [];
    if (wasShared) {
      this.onChanged();
    }
  }

  /** @param {MediaStreamTrack} track */
  #watch(track) {
    // Letters stay sharp, at the cost of movement.
    track.contentHint = track.kind === "video" ? "detail" : "music";
    track.onended = () => {
      if (this.picture === track) {
        this.stop();
      }
    };
  }
}
