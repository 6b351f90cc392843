// The messages on the page. Ended ones stand in the log, which screen readers announce as a whole; the running
// answer stands beside it, silent, until it has ended.

import { localiseDates } from "../site.js";
import { dropFirst, lengthOf } from "./text.js";

const STOPPED = "You stopped this answer.";
const STOPPED_EARLY = "You stopped this answer before it began.";
const INTERRUPTED = "The answer was interrupted. What had been written is kept.";
const INTERRUPTED_EARLY = "The answer was interrupted before it began.";

export class Thread {
  /** The running answer: { id, offset, node }, offset in code points; null when none runs. */
  running = null;

  constructor(root) {
    this.log = root.querySelector("#log");
    this.place = root.querySelector("#running");
    this.assistant = root.dataset.assistant;
    this.lastId = Number(root.dataset.lastId);
    const article = this.place.firstElementChild;
    if (article) this.#run(Number(article.dataset.messageId), article, Number(article.dataset.offset));
  }

  /** What this page has, as the server wants to know it. */
  get has() {
    if (!this.running) return { message_id: this.lastId };
    return { message_id: this.running.id, offset: this.running.offset };
  }

  /** Show what was just sent, before the server has it. */
  addUnsent(text, clientId) {
    const article = this.#userArticle(text, new Date().toISOString());
    article.dataset.clientId = clientId;
    article.classList.add("is-unsent");
    this.log.append(article);
  }

  /** Tell whether a message that this client sent stands in the log as the server has it. */
  holds(clientId) {
    return this.log.querySelector(`[data-message-id][data-client-id="${CSS.escape(clientId)}"]`) !== null;
  }

  /** Take back what the server refused, or has got already. */
  removeUnsent(clientId) {
    this.#unsent(clientId)?.remove();
  }

  /** A `message` frame. */
  addMessage(frame) {
    if (frame.message_id <= this.lastId) {
      // A repeated message that had arrived before this page was loaded: it stands in the log, or further up.
      this.removeUnsent(frame.client_id);
      return;
    }
    this.lastId = frame.message_id;
    if (frame.role === "user") this.#addUser(frame);
    else if (frame.status === "streaming") this.#addRunning(frame);
    else this.#addEnded(frame);
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

  /** A `done` frame. */
  end(frame) {
    if (this.running?.id === frame.message_id) {
      frame.created_at = this.running.article.dataset.createdAt;
      this.running.article.remove();
      this.running = null;
      this.#addEnded(frame);
    }
  }

  #run(id, article, offset) {
    const node = document.createTextNode(article.querySelector(".answer").textContent);
    article.querySelector(".answer").replaceChildren(node);
    article.classList.toggle("is-waiting", offset === 0);
    this.running = { id, article, offset, node };
  }

  #addUser(frame) {
    const unsent = this.#unsent(frame.client_id);
    if (unsent) {
      unsent.classList.remove("is-unsent");
      unsent.dataset.messageId = frame.message_id;
      return;
    }
    const article = this.#userArticle(frame.text, frame.created_at);
    article.dataset.messageId = frame.message_id;
    if (frame.client_id) article.dataset.clientId = frame.client_id;
    this.log.append(article);
  }

  #addRunning(frame) {
    this.#dropEmptyAttempt();
    const article = newArticle("assistant", frame.status);
    article.dataset.messageId = frame.message_id;
    article.dataset.createdAt = frame.created_at;
    article.append(element("div", "answer plain", frame.text));
    this.place.replaceChildren(article);
    this.#run(frame.message_id, article, lengthOf(frame.text));
  }

  #addEnded(frame) {
    this.#dropEmptyAttempt();
    const article = newArticle("assistant", frame.status);
    article.dataset.messageId = frame.message_id;
    article.append(element("h2", "visually-hidden", `${this.assistant} said`));
    if (frame.html) {
      const answer = element("div", "answer");
      answer.innerHTML = frame.html; // rendered and sanitised by the server
      article.append(answer);
    }
    const note = noteOf(frame);
    if (note) article.append(note);
    article.append(timeOf(frame.created_at));
    this.log.append(article);
    localiseDates(article);
  }

  /** A failed attempt without a word is replaced by the next one; one with text stays. */
  #dropEmptyAttempt() {
    const last = this.log.lastElementChild;
    if (last?.matches(".is-failed, .is-interrupted") && !last.querySelector(".answer")) last.remove();
  }

  #userArticle(text, createdAt) {
    const article = newArticle("user", "complete");
    article.append(element("h2", "visually-hidden", "You said"), element("div", "bubble", text), timeOf(createdAt));
    localiseDates(article);
    return article;
  }

  #unsent(clientId) {
    if (!clientId) return null;
    return this.log.querySelector(`.is-unsent[data-client-id="${CSS.escape(clientId)}"]`);
  }
}

function noteOf(frame) {
  if (frame.status === "stopped") return element("p", "stopped-note", frame.html ? STOPPED : STOPPED_EARLY);
  if (frame.status !== "failed" && frame.status !== "interrupted") return null;
  const fault = element("div", "fault");
  const reason = frame.status === "failed" ? frame.error : frame.html ? INTERRUPTED : INTERRUPTED_EARLY;
  const retry = element("button", "button button-small retry", "Retry");
  retry.type = "button";
  retry.dataset.retry = frame.message_id;
  fault.append(element("p", "", reason), retry);
  return fault;
}

function timeOf(createdAt) {
  const line = element("p", "turn-time");
  const time = document.createElement("time");
  time.dateTime = createdAt ?? new Date().toISOString();
  time.dataset.local = "";
  time.textContent = time.dateTime;
  line.append(time);
  return line;
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
