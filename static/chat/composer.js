// The text box: grows with its text, keeps drafts, and keeps what was sent until the server has it.

import { lengthOf, randomId } from "./text.js";

export class Composer {
  #busy = false;

  /**
   * `on` holds the callbacks `send({ text, client_id })` and `stop()`. `draftKey` names the draft, which outlives a
   * conversation that was never begun; `conversation` is the id under which something sent waits to be confirmed.
   * Both are `person`'s: what somebody else left in this tab is thrown away.
   */
  constructor(form, { person, draftKey, conversation, maxCharacters }, on) {
    this.form = form;
    this.box = form.querySelector("#message");
    this.sendButton = form.querySelector("#send");
    this.stopButton = form.querySelector("#stop");
    this.note = form.querySelector("#composer-note");
    this.person = person;
    this.draftKey = `draft:${person}:${draftKey}`;
    this.pendingKey = `pending:${person}:${conversation}`;
    forgetOthers(person);
    this.maxCharacters = maxCharacters;
    this.on = on;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("input", () => this.#changed());
    this.stopButton.addEventListener("click", () => on.stop());
    const draft = sessionStorage.getItem(this.draftKey) ?? "";
    // A draft is kept until the server has confirmed it, so what is on its way already may still stand there.
    // What was typed before this script had loaded stands in the box already.
    this.box.value ||= draft === this.pending?.text ? "" : draft;
    this.#show();
  }

  /** The message that was sent and not yet confirmed, or null. */
  get pending() {
    return JSON.parse(sessionStorage.getItem(this.pendingKey) ?? "null");
  }

  /** The server has the message. */
  confirm(clientId) {
    if (this.pending?.client_id !== clientId) return;
    sessionStorage.removeItem(this.pendingKey);
    this.#keepDraft();
    this.#show();
  }

  /** The server refused the message: put it back into the box and say why. */
  refuse(clientId, reason) {
    const pending = this.pending;
    if (pending && pending.client_id === clientId) {
      sessionStorage.removeItem(this.pendingKey);
      this.fill(this.box.value ? `${pending.text}\n${this.box.value}` : pending.text);
    }
    this.say(reason);
  }

  /** The conversation came to be: its draft is no longer that of a new one. */
  moveDraftTo(key) {
    sessionStorage.removeItem(this.draftKey);
    this.draftKey = `draft:${this.person}:${key}`;
    this.#keepDraft();
  }

  /** Put text into the box for the person to go on with. */
  fill(text) {
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

  /** While a stop is on its way there is no second one. */
  setStopping(stopping) {
    this.stopButton.disabled = stopping;
  }

  /** While an answer runs there is a Stop in place of Send. */
  setBusy(busy) {
    const stopHadFocus = document.activeElement === this.stopButton;
    this.#busy = busy;
    this.#showButtons();
    if (stopHadFocus && !busy) this.box.focus();
  }

  /** Nothing can be sent any more. */
  disable() {
    this.box.disabled = true;
    this.sendButton.disabled = true;
    this.stopButton.hidden = true;
  }

  #submit() {
    const text = this.box.value.trim();
    if (!text || this.pending) return;
    if (this.#busy) {
      this.say("The assistant is still answering. Wait for it or stop it first.");
      return;
    }
    const length = lengthOf(text);
    if (length > this.maxCharacters) {
      const most = this.maxCharacters.toLocaleString();
      this.say(`That is ${length.toLocaleString()} characters long, and at most ${most} can be sent. Shorten it or send it in parts.`);
      return;
    }
    const message = { text, client_id: randomId() };
    sessionStorage.setItem(this.pendingKey, JSON.stringify(message));
    this.box.value = "";
    this.say("");
    this.#show();
    this.on.send(message);
  }

  #key(event) {
    // While an input method composes (Chinese, Japanese, Korean), Enter belongs to it. 229: Safari's way to say so.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #changed() {
    this.say("");
    this.#keepDraft();
    this.#show();
  }

  #keepDraft() {
    if (this.box.value) sessionStorage.setItem(this.draftKey, this.box.value);
    else sessionStorage.removeItem(this.draftKey);
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
    this.sendButton.disabled = !this.box.value.trim() || this.pending !== null;
  }
}

function forgetOthers(person) {
  for (const key of Object.keys(sessionStorage)) {
    const [kind, owner] = key.split(":");
    if ((kind === "draft" || kind === "pending") && owner !== person) sessionStorage.removeItem(key);
  }
}
