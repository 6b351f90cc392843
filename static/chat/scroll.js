// Stay at the newest message while the reader is there, and only then. Otherwise what is being read stays where it is.

// Where the catalogue of words could not be loaded, scrolling works all the same.
const gettext = globalThis.gettext ?? ((text) => text);
/** So close to the end, somebody who scrolls down means the end. */
const NEAR = 80;

export class Anchor {
  #sticks = true;
  /** Where the view was last: above it, the reader has scrolled and the event is still to come. */
  #top = 0;
  /** The message at the upper edge, and how much of it is above: { id, node, part }. */
  #read = null;

  constructor(scroller, button) {
    this.scroller = scroller;
    this.button = button;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    button?.addEventListener("click", () => {
      this.jump();
      scroller.focus({ preventScroll: true });
    });
    // The column grows by text and pictures, the view shrinks by a growing text box, a keyboard or a turned phone.
    new ResizeObserver(() => this.#settle()).observe(scroller);
    new ResizeObserver(() => this.#settle()).observe(scroller.firstElementChild);
  }

  /** After text was added. */
  follow() {
    this.#settle();
    if (this.#sticks || !this.button) return;
    this.button.classList.add("has-news");
    this.button.title = gettext("New text has come below.");
  }

  /** Go to the newest message and stay there. */
  jump() {
    this.#sticks = true;
    this.#top = 0;
    this.#settle();
    this.#look();
  }

  #settle() {
    // The welcome of an empty conversation is read from its top.
    if (!this.scroller.querySelector(".turn")) return;
    this.#returnToRead();
    if (!this.#sticks || this.scroller.scrollTop < this.#top) this.#look();
    if (this.#sticks) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#top = this.scroller.scrollTop;
    this.#remember();
  }

  /** The message that is being read was replaced: its running text by what it became, mostly of another height. */
  #returnToRead() {
    if (this.#sticks || !this.#read || this.#read.node.isConnected) return;
    const node = this.scroller.querySelector(`.turn[data-message-id="${CSS.escape(this.#read.id)}"]`);
    if (!node) return;
    const { top, height } = node.getBoundingClientRect();
    this.scroller.scrollTop += top + this.#read.part * height - this.scroller.getBoundingClientRect().top;
  }

  #look() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    // Upwards by however little is away from the end: nobody is pulled back. Browsers round by a pixel.
    if (left < 2) this.#sticks = true;
    else if (scrollTop < this.#top) this.#sticks = false;
    else if (scrollTop > this.#top) this.#sticks = left < NEAR;
    this.#top = scrollTop;
    this.#remember();
    if (!this.button) return;
    this.button.hidden = this.#sticks || !this.scroller.querySelector(".turn");
    if (!this.#sticks) return;
    this.button.classList.remove("has-news");
    this.button.removeAttribute("title");
  }

  #remember() {
    this.#read = null;
    if (this.#sticks) return;
    const edge = this.scroller.getBoundingClientRect().top;
    for (const node of this.scroller.querySelectorAll(".turn")) {
      const { top, bottom, height } = node.getBoundingClientRect();
      if (bottom <= edge) continue;
      this.#read = { id: node.dataset.messageId ?? "", node, part: (edge - top) / height };
      return;
    }
  }
}
