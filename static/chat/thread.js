// The messages on the page. Ended ones stand in the log, which screen readers announce as a whole; the running answer
// stands beside it, silent, until it has ended. Articles of ended messages come from the server as they are shown.

import { localiseDates } from "../site.js";
import { dropFirst, lengthOf } from "./text.js";

export class Thread {
  /** The running answer: { id, article, offset, node }, offset in code points; null when none runs. */
  running = null;
  /** Messages that are being said anew, by client id: { article, before }, the latter what stood there. */
  #edits = new Map();

  constructor(root) {
    this.log = root.querySelector("#log");
    this.place = root.querySelector("#running");
    this.leaf = Number(root.dataset.lastId);
    this.updateId = Number(root.dataset.updateId ?? 0);
    const article = this.place.firstElementChild;
    if (article) this.#run(Number(article.dataset.messageId), article, Number(article.dataset.offset));
  }

  /** What this page has, as the server wants to know it. */
  get has() {
    const { leaf, running, updateId } = this;
    if (!running) return { message_id: leaf, update_id: updateId };
    return { message_id: running.id, offset: running.offset, update_id: updateId };
  }

  /** The article of an ended message, or null. */
  article(messageId) {
    return this.log.querySelector(`[data-message-id="${Number(messageId)}"]`);
  }

  /** Show what was just sent, before the server has it. */
  addUnsent(text, clientId) {
    const article = newArticle("user", "complete");
    article.dataset.clientId = clientId;
    article.classList.add("is-unsent");
    article.append(element("h2", "visually-hidden", gettext("You said")), element("div", "bubble", text));
    this.log.append(article);
  }

  /** Show a message said anew in its place, before the server has that; false where the page does not hold it. */
  showEdited(messageId, text, clientId) {
    const article = this.article(messageId);
    if (!article) return false;
    const bubble = article.querySelector(".bubble");
    this.#edits.set(clientId, { article, before: bubble.textContent });
    bubble.textContent = text;
    article.classList.add("is-unsent");
    return true;
  }

  /** Tell whether a message that this client sent stands in the log as the server has it. */
  holds(clientId) {
    return this.log.querySelector(`[data-message-id][data-client-id="${CSS.escape(clientId)}"]`) !== null;
  }

  /** Take back what the server refused, or has got already; tell whether it was still shown. */
  removeUnsent(clientId) {
    const edit = this.#edits.get(clientId);
    if (edit) {
      this.#edits.delete(clientId);
      edit.article.querySelector(".bubble").textContent = edit.before;
      edit.article.classList.remove("is-unsent");
      return edit.article.isConnected;
    }
    const article = this.log.querySelector(`.is-unsent[data-client-id="${CSS.escape(clientId)}"]`);
    article?.remove();
    return Boolean(article);
  }

  /** A `rewind` frame: the messages after one go, notes of what memory learnt stay. False when the page does not hold that message. */
  rewind(messageId) {
    const last = messageId === 0 ? null : this.article(messageId);
    if (messageId !== 0 && !last) return false;
    this.#dropRunning();
    const unsent = [...this.log.querySelectorAll(":scope > .is-unsent:not([data-message-id])")];
    const later = last ? siblingsAfter(last) : [...this.log.children];
    for (const node of later) if (node.matches(".turn")) node.remove();
    this.log.append(...unsent);
    this.leaf = messageId;
    return true;
  }

  /** A `message` frame; returns the article, or null where the page has it already. */
  addMessage(frame) {
    if (frame.client_id) this.removeUnsent(frame.client_id);
    if (this.article(frame.message_id)) return null;
    this.leaf = frame.message_id;
    return frame.html === undefined ? this.#addRunning(frame) : this.#addEnded(frame.html);
  }

  /** A `delta` frame; false when characters before it are missing. */
  grow(frame) {
    const running = this.running;
    if (!running || running.id !== frame.message_id) return true;
    if (frame.offset > running.offset) return false;
    const text = dropFirst(frame.text, running.offset - frame.offset);
    running.node.appendData(text);
    running.offset += lengthOf(text);
    running.article.classList.remove("is-waiting");
    return true;
  }

  /** A `done` frame; returns the article of the ended answer, or null where it was not running here. */
  end(frame) {
    if (this.running?.id !== frame.message_id) return null;
    this.#dropRunning();
    return this.#addEnded(frame.html);
  }

  /** No more of the running answer comes: what there is of it stays to be read. */
  abandon() {
    if (!this.running) return;
    const { article, offset } = this.running;
    this.running = null;
    if (offset === 0) return void article.remove();
    article.classList.replace("is-streaming", "is-stopped");
    this.log.append(article);
  }

  /** A `memory` frame: a note of what memory learnt. */
  addUpdate(frame) {
    if (frame.update_id <= this.updateId) return;
    this.updateId = frame.update_id;
    this.#addEnded(frame.html);
  }

  #run(id, article, offset) {
    const node = document.createTextNode(article.querySelector(".answer").textContent);
    article.querySelector(".answer").replaceChildren(node);
    article.classList.toggle("is-waiting", offset === 0);
    this.running = { id, article, offset, node };
  }

  #dropRunning() {
    this.running?.article.remove();
    this.running = null;
  }

  #addRunning(frame) {
    const article = newArticle("assistant", frame.status);
    article.dataset.messageId = frame.message_id;
    article.append(element("div", "answer plain", frame.text));
    this.place.replaceChildren(article);
    this.#run(frame.message_id, article, lengthOf(frame.text));
    return article;
  }

  /** Put an article as the server rendered it, sanitised, before what was sent and is not there yet. */
  #addEnded(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const article = template.content.firstElementChild;
    this.log.insertBefore(article, this.log.querySelector(":scope > .is-unsent:not([data-message-id])"));
    localiseDates(article);
    window.htmx?.process(article);
    return article;
  }
}

function siblingsAfter(node) {
  const { children } = node.parentElement;
  return [...children].slice([...children].indexOf(node) + 1);
}

function newArticle(role, status) {
  return element("article", `turn turn-${role} is-${status}`);
}

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (className === "bubble" || className?.startsWith("answer")) node.dir = "auto";
  return node;
}
