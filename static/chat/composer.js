// The text box: grows with its text, keeps its draft, and gives what is sent to the outbox.

import { locale } from "../site.js";
import { lengthOf, randomId } from "./text.js";

export class Composer {
  #busy = false;
  /** Why nothing can be sent any more; blank while it can. */
  #ended = "";

  /** `on` holds the callbacks `send(frame)` and `stop()`. */
  constructor(form, { draft, maxCharacters, outbox }, on) {
    this.form = form;
    this.box = form.querySelector("#message");
    this.sendButton = form.querySelector("#send");
    this.stopButton = form.querySelector("#stop");
    this.note = form.querySelector("#composer-note");
    this.draft = draft;
    this.outbox = outbox;
    this.maxCharacters = maxCharacters;
    this.on = on;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.box.addEventListener("keydown", (event) => {
      if (!sends(event)) return;
      event.preventDefault();
      this.#submit();
    });
    this.box.addEventListener("input", () => this.#changed());
    this.stopButton.addEventListener("click", () => on.stop());
    // What was typed before this script had loaded stands in the box already. A draft is kept until the server has
    // confirmed it, so what is on its way may still stand there.
    this.box.value ||= this.draft.text === outbox.frame?.text ? "" : this.draft.text;
    this.#show();
  }

  /** The server has what was sent. */
  confirmed() {
    this.draft.text = this.box.value;
    if (this.note.textContent === waiting()) this.say("");
    this.#show();
  }

  /** Put what could not be sent into the box, before what stands there, and say why. */
  giveBack(text, reason) {
    this.box.value = this.box.value ? `${text}\n${this.box.value}` : text;
    this.#changed();
    this.say(reason);
  }

  /** Put text into the box for the person to go on with. */
  fill(text) {
    if (this.#ended) return;
    this.box.value = text;
    this.#changed();
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
  }

  /** Say something above the box; nothing takes it away. */
  say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  /** Why a text cannot be sent just now, in words; blank when it can. */
  objection(text) {
    if (this.#ended) return this.#ended;
    if (this.outbox.frame) return waiting();
    if (this.#busy) return gettext("The assistant is still answering. Wait for it or stop it first.");
    const length = lengthOf(text);
    if (length <= this.maxCharacters) return "";
    return interpolate(
      gettext("That is %(length)s characters long, and at most %(most)s can be sent. Shorten it or send it in parts."),
      { length: inWords(length), most: inWords(this.maxCharacters) },
      true,
    );
  }

  /** While a stop is on its way there is no second one. */
  setStopping(stopping) {
    this.stopButton.disabled = stopping;
  }

  /** While an answer runs there is a Stop in place of Send. */
  setBusy(busy) {
    this.#busy = busy;
    this.#showButtons();
  }

  /** Nothing can be sent any more; what stands in the box can be read and copied. */
  disable(reason) {
    this.#ended = reason;
    this.#busy = false;
    this.box.readOnly = true;
    this.#showButtons();
    this.say(reason);
  }

  /** The conversation is gone: the page says why, with links. An empty box is out of use altogether. */
  close() {
    const why = this.form.querySelector("#gone").content.cloneNode(true);
    this.disable(why.textContent.trim());
    this.note.replaceChildren(why);
    this.form.classList.add("is-closed");
    this.box.disabled = !this.box.value;
    this.box.placeholder = this.box.dataset.closed;
  }

  #submit() {
    const text = this.box.value.trim();
    if (!text || this.#ended) return;
    const objection = this.objection(text);
    this.say(objection);
    if (objection) return;
    const frame = { type: "send", text, client_id: randomId() };
    this.outbox.put(frame);
    this.box.value = "";
    const hadFocus = document.activeElement === this.sendButton;
    this.#show();
    if (hadFocus && matchMedia("(hover: hover)").matches) this.box.focus();
    this.on.send(frame);
    this.form.dispatchEvent(new CustomEvent("message-sent", { bubbles: true }));
  }

  #changed() {
    this.say("");
    this.draft.text = this.box.value;
    this.#show();
  }

  #show() {
    if (!CSS.supports("field-sizing", "content")) {
      this.box.style.height = "auto";
      this.box.style.height = `${this.box.scrollHeight + 2}px`;
    }
    this.#showButtons();
  }

  #showButtons() {
    this.stopButton.hidden = !this.#busy;
    this.sendButton.hidden = this.#busy;
    this.sendButton.disabled = !this.box.value.trim() || this.#ended !== "";
  }
}

/** Tell whether a key means "send". While an input method composes, Enter belongs to it. 229: Safari's way to say so. */
export function sends(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

function waiting() {
  return gettext("Your last message is still on its way. This one can be sent when it has arrived.");
}

function inWords(number) {
  return number.toLocaleString(locale);
}
