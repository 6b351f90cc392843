// A chat page: the socket's frames become messages, what is typed becomes frames. `docs/protocol.md` has the frames.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Anchor } from "./scroll.js";
import { setUpSidebar } from "./sidebar.js";
import { Thread } from "./thread.js";

const RECONNECTING_AFTER = 700;
const READY = { complete: "Answer ready", stopped: "Answer stopped", interrupted: "The answer was interrupted" };

class Chat {
  #lostTimer = null;

  constructor(root) {
    this.root = root;
    this.status = root.querySelector("#status");
    this.connectionNote = root.querySelector("#connection");
    this.thread = new Thread(root);
    this.anchor = new Anchor(root.querySelector("#scroller"), root.querySelector("#jump"));
    this.composer = new Composer(
      root.querySelector("#composer"),
      {
        draftKey: root.dataset.newAddress ? "new" : root.dataset.conversation,
        conversation: root.dataset.conversation,
        maxCharacters: Number(root.dataset.maxCharacters),
      },
      { send: (message) => this.#send(message), stop: () => this.#stop() },
    );
    this.connection = new Connection(root.dataset.socket, {
      frame: (frame) => this.#receive(frame),
      lost: () => this.#lost(),
      ended: (reason) => this.#ended(reason),
    });
    root.querySelector("#log").addEventListener("click", (event) => this.#retry(event));
    for (const prompt of root.querySelectorAll(".prompt")) {
      prompt.addEventListener("click", () => this.composer.fill(prompt.textContent));
    }
  }

  start() {
    const pending = this.composer.pending;
    if (pending) this.#showUnsent(pending);
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
    this.connectionNote.hidden = true;
    this.connection.send({ type: "watch", ...this.thread.has });
    const pending = this.composer.pending;
    if (pending) this.connection.send({ type: "send", ...pending });
  }

  #send(message) {
    this.#showUnsent(message);
    this.#announce("");
    this.connection.send({ type: "send", ...message });
  }

  #showUnsent(message) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    this.thread.addUnsent(message.text, message.client_id);
    this.anchor.jump();
  }

  #stop() {
    const running = this.thread.running;
    if (!running || !this.connection.send({ type: "stop", message_id: running.id })) return;
    this.composer.stopButton.disabled = true;
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
    this.composer.setBusy(false);
    this.#announceEnd(frame);
    this.anchor.follow();
  }

  #announceEnd(frame) {
    this.#announce(READY[frame.status] ?? `The answer failed. ${frame.error ?? ""}`);
  }

  #refused(frame) {
    if (frame.client_id) {
      this.thread.removeUnsent(frame.client_id);
      this.composer.refuse(frame.client_id, frame.detail);
      if (this.thread.lastId === 0) this.root.querySelector("#welcome")?.removeAttribute("hidden");
    } else {
      this.composer.say(frame.detail);
    }
    this.composer.setBusy(this.thread.running !== null);
  }

  #setTitle(title) {
    this.root.querySelector("#title").textContent = title;
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
    this.composer.say(
      reason === "gone"
        ? "This conversation was deleted. Begin a new one."
        : "You are signed out. Load the page again to sign in.",
    );
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
