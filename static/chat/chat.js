// A chat page: the socket's frames become messages, what is typed becomes frames. `docs/protocol.md` has the frames.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Anchor } from "./scroll.js";
import { setUpSidebar } from "./sidebar.js";
import { Thread } from "./thread.js";

const RECONNECTING_AFTER = 700;
const READY = { complete: "Answer ready", stopped: "Answer stopped", interrupted: "The answer was interrupted" };

const RELOAD_PAUSE = 10_000;

class Chat {
  #lostTimer = null;
  /** The answer that is to be stopped and has not ended yet, or null. */
  #stopping = null;
  #greeted = false;

  constructor(root) {
    this.root = root;
    this.status = root.querySelector("#status");
    this.connectionNote = root.querySelector("#connection");
    this.thread = new Thread(root);
    this.anchor = new Anchor(root.querySelector("#scroller"), root.querySelector("#jump"));
    this.composer = new Composer(
      root.querySelector("#composer"),
      {
        person: root.dataset.person,
        draftKey: root.dataset.newAddress ? "new" : root.dataset.conversation,
        conversation: root.dataset.conversation,
        maxCharacters: Number(root.dataset.maxCharacters),
      },
      { send: (message) => this.#send(message), stop: () => this.#stop() },
    );
    this.connection = new Connection(root.dataset.socket, {
      frame: (frame) => this.#receive(frame),
      lost: () => this.#lost(),
      tooLarge: () => this.#tooLarge(),
      ended: (reason) => this.#ended(reason),
    });
    root.querySelector("#log").addEventListener("click", (event) => this.#retry(event));
    for (const prompt of root.querySelectorAll(".prompt")) {
      prompt.addEventListener("click", () => this.composer.fill(prompt.textContent));
    }
  }

  start() {
    const pending = this.composer.pending;
    // Loaded again after the server had stored the message, before it could say so.
    if (pending && this.thread.holds(pending.client_id)) this.composer.confirm(pending.client_id);
    else if (pending) this.#showUnsent(pending);
    this.composer.setBusy(this.thread.running !== null);
    this.anchor.jump();
    if (matchMedia("(hover: hover)").matches) this.composer.box.focus();
    this.connection.open();
    this.root.dataset.ready = "";
    if (!this.connection.isOpen) this.#startLostTimer();
  }

  #receive(frame) {
    switch (frame.type) {
      case "hello": return this.#greet();
      case "title": return this.#setTitle(frame.title);
      case "message": return this.#addMessage(frame);
      case "delta": return this.#grow(frame);
      case "done": return this.#end(frame);
      case "error": return this.#refused(frame);
    }
  }

  #greet() {
    clearTimeout(this.#lostTimer);
    this.#lostTimer = null;
    this.#greeted = true;
    this.connectionNote.hidden = true;
    this.connection.send({ type: "watch", ...this.thread.has });
    const pending = this.composer.pending;
    if (pending) this.connection.send({ type: "send", ...pending });
    if (this.#stopping !== null) this.connection.send({ type: "stop", message_id: this.#stopping });
  }

  #send(message) {
    this.#showUnsent(message);
    this.#announce("");
    // Before the server's `hello` it would go twice: the greeting sends what is pending.
    if (this.#greeted) this.connection.send({ type: "send", ...message });
  }

  #showUnsent(message) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    this.thread.addUnsent(message.text, message.client_id);
    this.anchor.jump();
  }

  #stop() {
    const running = this.thread.running;
    if (!running) return;
    this.#setStopping(running.id);
    // Where it gets lost it is said again after the next `hello`.
    this.connection.send({ type: "stop", message_id: running.id });
  }

  #setStopping(messageId) {
    this.#stopping = messageId;
    this.composer.setStopping(messageId !== null);
  }

  #retry(event) {
    const button = event.target.closest("[data-retry]");
    if (!button) return;
    if (!this.connection.send({ type: "retry", message_id: Number(button.dataset.retry) })) {
      this.composer.say("There is no connection just now. Try again in a moment.");
    }
  }

  #addMessage(frame) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    this.thread.addMessage(frame);
    if (frame.role === "user") {
      if (frame.client_id) this.composer.confirm(frame.client_id);
      this.#settle();
      document.body.dispatchEvent(new CustomEvent("conversations-changed"));
    } else if (frame.status === "streaming") {
      this.#setStopping(null);
      this.composer.setBusy(true);
      this.composer.say("");
      this.#announce("Answering…");
    } else {
      this.#announceEnd(frame);
    }
    this.anchor.follow();
  }

  #grow(frame) {
    if (!this.thread.grow(frame)) this.connection.send({ type: "watch", ...this.thread.has });
    this.anchor.follow();
  }

  #end(frame) {
    this.thread.end(frame);
    this.#setStopping(null);
    this.composer.setBusy(false);
    this.#announceEnd(frame);
    this.anchor.follow();
  }

  #announceEnd(frame) {
    this.#announce(READY[frame.status] ?? `The answer failed. ${frame.error ?? ""}`);
  }

  #refused(frame) {
    if (frame.client_id) {
      this.#takeBack(frame.client_id, frame.detail);
    } else {
      // Perhaps it was the stop.
      this.#setStopping(null);
      this.composer.say(frame.detail);
    }
    this.composer.setBusy(this.thread.running !== null);
    if (frame.code === "signed_out") this.#signIn();
  }

  #takeBack(clientId, reason) {
    this.thread.removeUnsent(clientId);
    this.composer.refuse(clientId, reason);
    if (this.thread.lastId === 0) this.root.querySelector("#welcome")?.removeAttribute("hidden");
  }

  /** The server would not even read the frame, and would not the next time. */
  #tooLarge() {
    const pending = this.composer.pending;
    if (pending) this.#takeBack(pending.client_id, "The message is too large to be sent. Send it in parts.");
  }

  #setTitle(title) {
    const heading = this.root.querySelector("#title");
    if (heading.textContent === title) return;
    heading.textContent = title;
    document.title = `${title} · MemoryOS`;
    document.body.dispatchEvent(new CustomEvent("conversations-changed"));
  }

  /** The conversation exists now: give the page its lasting address. */
  #settle() {
    const address = this.root.dataset.newAddress;
    if (!address) return;
    delete this.root.dataset.newAddress;
    history.replaceState(null, "", address);
    this.composer.moveDraftTo(this.root.dataset.conversation);
  }

  #lost() {
    this.#greeted = false;
    this.#startLostTimer();
  }

  #startLostTimer() {
    this.#lostTimer ??= setTimeout(() => {
      this.connectionNote.hidden = false;
      this.#announce("Reconnecting…");
    }, RECONNECTING_AFTER);
  }

  #ended(reason) {
    clearTimeout(this.#lostTimer);
    this.connectionNote.hidden = true;
    this.composer.disable();
    if (reason === "signed out" && this.#signIn()) return;
    this.composer.say(
      reason === "gone"
        ? "This conversation was deleted. Begin a new one."
        : "You are signed out. Load the page again to sign in.",
    );
  }

  /**
   * Load the page again, which leads to the sign-in page and back here; the draft waits. False when that has just
   * been done: a page that is let in while its socket is not would load itself for ever.
   */
  #signIn() {
    const [visit] = performance.getEntriesByType("navigation");
    if (visit?.type === "reload" && performance.now() < RELOAD_PAUSE) return false;
    location.reload();
    return true;
  }

  #announce(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }
}

// The server groups conversations into today and earlier, and cannot know where the reader is.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `timezone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;

setUpSidebar();
const root = document.getElementById("chat");
if (root?.querySelector("#composer")) new Chat(root).start();
