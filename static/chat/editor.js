// A message of one's own as a form in its place: saying it anew makes another version, the earlier one stays.

import { sends } from "./composer.js";
import { onEscape } from "./escape.js";
import { randomId } from "./text.js";

export class Editor {
  #form = null;
  #before = "";

  /** `on` holds `send(frame)` and `objection(text)`, the reason why a text cannot be sent, or blank. */
  constructor(outbox, on) {
    this.outbox = outbox;
    this.on = on;
  }

  get isOpen() {
    return this.#form !== null;
  }

  /** Open the editor in a message's article, with its text or another one, and perhaps with a reason for that. */
  open(article, text = article.querySelector(".bubble").textContent, reason = "") {
    this.close();
    this.#before = article.querySelector(".bubble").textContent;
    this.#form = this.#build(article, text, reason);
    article.classList.add("is-edited");
    article.querySelector(".bubble").after(this.#form);
    const box = this.#form.querySelector("textarea");
    box.focus();
    box.setSelectionRange(text.length, text.length);
  }

  close() {
    if (!this.#form) return;
    const article = this.#form.closest(".turn");
    this.#form.remove();
    this.#form = null;
    article?.classList.remove("is-edited");
    article?.querySelector('[data-act="edit"]')?.focus();
  }

  /** Close the editor and return what was typed in it; blank where that is nothing new. */
  take() {
    const text = this.#form?.querySelector("textarea").value.trim() ?? "";
    const isNew = text !== this.#before.trim();
    this.close();
    return isNew ? text : "";
  }

  /** The same where the editor has left the page together with its message; blank where it has not. */
  takeLost() {
    return this.#form && !this.#form.isConnected ? this.take() : "";
  }

  #build(article, text, reason) {
    const form = document.createElement("form");
    form.className = "edit-form";
    const box = document.createElement("textarea");
    box.value = text;
    box.dir = "auto";
    box.setAttribute("aria-label", gettext("Your message"));
    const note = document.createElement("p");
    note.className = "composer-note";
    note.setAttribute("role", "alert");
    note.textContent = reason;
    note.hidden = !reason;
    const buttons = document.createElement("div");
    buttons.className = "edit-buttons";
    buttons.append(button(gettext("Cancel"), "button", "button button-quiet button-small"));
    buttons.append(button(gettext("Send"), "submit", "button button-primary button-small"));
    form.append(box, note, buttons);
    buttons.firstElementChild.addEventListener("click", () => this.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(article, box, note);
    });
    box.addEventListener("keydown", (event) => {
      if (!sends(event)) return;
      event.preventDefault();
      this.#submit(article, box, note);
    });
    onEscape(form, () => {
      this.close();
      return true;
    });
    return form;
  }

  #submit(article, box, note) {
    const text = box.value.trim();
    if (!text) return;
    const objection = this.on.objection(text);
    note.textContent = objection;
    note.hidden = !objection;
    if (objection) return;
    const frame = { type: "edit", message_id: Number(article.dataset.messageId), text, client_id: randomId() };
    this.outbox.put(frame);
    this.close();
    // The button under the message goes as soon as the server has answered. On a touch screen the box would call up the keyboard.
    if (matchMedia("(hover: hover)").matches) document.getElementById("message")?.focus({ preventScroll: true });
    this.on.send(frame);
  }
}

function button(text, type, className) {
  const node = document.createElement("button");
  node.type = type;
  node.className = className;
  node.textContent = text;
  return node;
}
