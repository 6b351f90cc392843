// One websocket that comes back by itself: exponential back-off with jitter, at once when the network returns.

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 15_000;
const TOO_LARGE = 1009;
const SIGNED_OUT = 4401;
const NOT_FOUND = 4404;
const CROWDED = 4429;

export class Connection {
  #socket = null;
  #pause = FIRST_PAUSE;
  #timer = null;
  #ended = false;
  #openedAt = 0;

  /**
   * `on` holds the callbacks `frame(frame)`, `lost()`, `tooLarge()`, `crowded()` and `ended(reason)`; `path` is the address on this
   * site.
   */
  constructor(path, on) {
    this.path = path;
    this.on = on;
    window.addEventListener("online", () => this.#retryNow());
    window.addEventListener("offline", () => this.#drop());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#retryNow();
    });
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    this.#timer = null;
    const address = new URL(this.path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#openedAt = performance.now();
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      const frame = JSON.parse(event.data);
      if (frame.type === "hello") this.#pause = FIRST_PAUSE;
      this.on.frame(frame);
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    });
  }

  /** Send a frame if the socket is open; tell whether it was. */
  send(frame) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Give up a socket that is older than so many milliseconds, for a new one. */
  renew(age) {
    if (performance.now() - this.#openedAt >= age) this.#drop();
  }

  #closed(code) {
    this.#socket = null;
    if (code === SIGNED_OUT || code === NOT_FOUND) {
      this.#ended = true;
      this.on.ended(code === SIGNED_OUT ? "signed out" : "gone");
      return;
    }
    if (code === TOO_LARGE) this.on.tooLarge();
    if (code === CROWDED) {
      this.#pause = LONGEST_PAUSE;
      this.on.crowded();
    }
    this.on.lost();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), this.#pause * (0.5 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  /** A network that is gone closes no socket by itself for minutes: do not wait for that. */
  #drop() {
    const socket = this.#socket;
    if (!socket) return;
    this.#closed(0);
    socket.close();
  }

  #retryNow() {
    if (this.#ended || this.#socket || !this.#timer) return;
    clearTimeout(this.#timer);
    this.#pause = FIRST_PAUSE;
    this.open();
  }
}
