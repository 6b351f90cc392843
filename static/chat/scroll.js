// Stay at the newest message while the reader is there, and only then.

const NEAR = 80;

export class Anchor {
  #sticks = true;
  /** Where the view was put last: above it, the reader has scrolled and the event is still to come. */
  #top = 0;

  constructor(scroller, button) {
    this.scroller = scroller;
    this.button = button;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    button?.addEventListener("click", () => {
      this.jump();
      scroller.focus({ preventScroll: true });
    });
    // The column grows by text, the view shrinks by a growing text box or a turned phone.
    new ResizeObserver(() => this.follow()).observe(scroller);
    new ResizeObserver(() => this.follow()).observe(scroller.firstElementChild);
  }

  /** After content was added. */
  follow() {
    // The welcome of an empty conversation is read from its top.
    if (!this.scroller.querySelector(".turn")) return;
    if (!this.#sticks || this.scroller.scrollTop < this.#top) this.#look();
    if (this.#sticks) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#top = this.scroller.scrollTop;
  }

  /** Go to the newest message and stay there. */
  jump() {
    this.#sticks = true;
    this.#top = 0;
    this.follow();
    this.#look();
  }

  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#sticks = scrollHeight - scrollTop - clientHeight < NEAR;
    const isEmpty = !this.scroller.querySelector(".turn");
    if (this.button) this.button.hidden = this.#sticks || isEmpty;
  }
}
