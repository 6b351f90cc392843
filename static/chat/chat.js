// A chat page: the socket's frames become messages, what is typed becomes frames. `docs/protocol.md` has the frames.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Editor } from "./editor.js";
import { Outbox } from "./outbox.js";
import { Anchor } from "./scroll.js";
import { setUpSidebar } from "./sidebar.js";
import { Thread } from "./thread.js";

const RECONNECTING_AFTER = 700;
const RELOAD_PAUSE = 10_000;
const READY = {
  complete: () => gettext("Answer ready"),
  stopped: () => gettext("Answer stopped"),
  interrupted: () => gettext("The answer was interrupted"),
  failed: () => gettext("The answer failed"),
};

class Chat {
  #lostTimer = null;
  /** The answer that is to be stopped and has not ended yet, or null. */
  #stopping = null;
  #greeted = false;
  /** Which version button is to have the focus when the chosen version has come. */
  #refocus = null;
  /** What stands in a message that is being said anew, until the server has taken that. */
  #saidBefore = "";

  constructor(root) {
    this.root = root;
    this.status = root.querySelector("#status");
    this.connectionNote = root.querySelector("#connection");
    this.thread = new Thread(root);
    this.anchor = new Anchor(root.querySelector("#scroller"), root.querySelector("#jump"));
    const { person, conversation, newAddress, maxCharacters } = root.dataset;
    this.outbox = new Outbox(person, conversation);
    this.composer = new Composer(
      root.querySelector("#composer"),
      { person, draftKey: newAddress ? "new" : conversation, maxCharacters: Number(maxCharacters), outbox: this.outbox },
      { send: (frame) => this.#send(frame), stop: () => this.#stop() },
    );
    this.editor = new Editor(this.outbox, {
      send: (frame) => this.#send(frame),
      objection: (text) => this.composer.objection(text),
    });
    this.connection = new Connection(root.dataset.socket, {
      frame: (frame) => this.#receive(frame),
      lost: () => this.#lost(),
      tooLarge: () => this.#tooLarge(),
      crowded: () => this.composer.say(gettext("You have the chat open in too many tabs. Close some of them.")),
      ended: (reason) => this.#ended(reason),
    });
    root.querySelector("#log").addEventListener("click", (event) => this.#act(event));
    for (const prompt of root.querySelectorAll(".prompt")) {
      prompt.addEventListener("click", () => this.composer.fill(prompt.textContent));
    }
  }

  start() {
    const { frame } = this.outbox;
    // Loaded again after the server had stored the message, before it could say so.
    if (frame && this.thread.holds(frame.client_id)) this.#confirmed(frame.client_id);
    else if (frame) this.#showUnsent(frame);
    this.#setBusy(this.thread.running !== null);
    this.anchor.jump();
    if (matchMedia("(hover: hover)").matches) this.composer.box.focus();
    this.connection.open();
    this.root.dataset.ready = "";
    if (!this.connection.isOpen) this.#startLostTimer();
  }

  #receive(frame) {
    switch (frame.type) {
      case "hello": return this.#greet();
      case "conversation": return this.#setState(frame);
      case "accepted": return this.#confirmed(frame.client_id);
      case "rewind": return this.#rewind(frame);
      case "message": return this.#addMessage(frame);
      case "delta": return this.#grow(frame);
      case "done": return this.#end(frame);
      case "memory": return this.#addUpdate(frame);
      case "error": return this.#refused(frame);
    }
  }

  #greet() {
    clearTimeout(this.#lostTimer);
    this.#lostTimer = null;
    this.#greeted = true;
    this.connectionNote.hidden = true;
    this.connection.send({ type: "watch", ...this.thread.has });
    const { frame } = this.outbox;
    if (frame) this.connection.send(frame);
    if (this.#stopping !== null) this.connection.send({ type: "stop", message_id: this.#stopping });
  }

  #send(frame) {
    this.#showUnsent(frame);
    this.#announce("");
    // Before the server's `hello` it would go twice: the greeting sends what is waiting.
    if (this.#greeted) this.connection.send(frame);
  }

  /** A message shows at the end of the log, one said anew in its place. */
  #showUnsent(frame) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    const edited = frame.type === "edit" ? this.thread.article(frame.message_id) : null;
    if (edited) {
      const bubble = edited.querySelector(".bubble");
      this.#saidBefore = bubble.textContent;
      bubble.textContent = frame.text;
      edited.classList.add("is-unsent");
      return;
    }
    this.thread.addUnsent(frame.text, frame.client_id);
    this.anchor.jump();
  }

  #stop() {
    const { running } = this.thread;
    if (!running) return;
    this.#setStopping(running.id);
    // Where it gets lost it is said again after the next `hello`.
    this.connection.send({ type: "stop", message_id: running.id });
  }

  #setStopping(messageId) {
    this.#stopping = messageId;
    this.composer.setStopping(messageId !== null);
  }

  #setBusy(busy) {
    this.root.toggleAttribute("data-busy", busy);
    this.composer.setBusy(busy);
  }

  /** A button under a message. */
  #act(event) {
    const button = event.target.closest("[data-act]");
    const article = button?.closest("[data-message-id]");
    if (!article) return;
    const { act, version } = button.dataset;
    const messageId = Number(act === "select" ? version : article.dataset.messageId);
    if (act === "edit") return void this.editor.open(article);
    if (act === "select") this.#refocus = button.dataset.direction;
    if (!this.connection.send({ type: act, message_id: messageId })) {
      this.composer.say(gettext("There is no connection just now. Try again in a moment."));
    }
  }

  #rewind(frame) {
    // Further back than this page goes: the server has all of it.
    if (!this.thread.rewind(frame.message_id)) location.reload();
    this.#setBusy(false);
  }

  #addMessage(frame) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    const article = this.thread.addMessage(frame);
    if (article && this.#refocus) this.#focusVersion(article);
    if (frame.role === "user") {
      this.#settle();
      document.body.dispatchEvent(new CustomEvent("conversations-changed"));
    } else if (frame.status === "streaming") {
      this.#setStopping(null);
      this.#setBusy(true);
      this.composer.say("");
      this.#announce(gettext("Answering…"));
    }
    this.anchor.follow();
  }

  #focusVersion(article) {
    const wanted = article.querySelector(`[data-direction="${this.#refocus}"]:not(:disabled)`);
    (wanted ?? article.querySelector("[data-direction]:not(:disabled)"))?.focus();
    this.#refocus = null;
  }

  #grow(frame) {
    if (!this.thread.grow(frame)) this.connection.send({ type: "watch", ...this.thread.has });
    this.anchor.follow();
  }

  #end(frame) {
    if (!this.thread.end(frame)) return;
    this.#setStopping(null);
    this.#setBusy(false);
    this.#announce(READY[frame.status]());
    this.anchor.follow();
  }

  #addUpdate(frame) {
    this.thread.addUpdate(frame);
    this.anchor.follow();
  }

  #confirmed(clientId) {
    if (!this.outbox.take(clientId)) return;
    // Where the message had arrived before this page was loaded, it stands in the log already.
    if (this.thread.holds(clientId)) this.thread.removeUnsent(clientId);
    this.composer.confirmed();
  }

  #refused(frame) {
    if (frame.client_id) {
      this.#takeBack(frame.client_id, frame.detail);
    } else {
      // Perhaps it was the stop.
      this.#setStopping(null);
      this.#refocus = null;
      this.composer.say(frame.detail);
    }
    this.#setBusy(this.thread.running !== null);
    if (frame.code === "signed_out") this.#signIn();
  }

  #takeBack(clientId, reason) {
    const frame = this.outbox.take(clientId);
    if (!frame) return void this.composer.say(reason);
    const edited = frame.type === "edit" ? this.thread.article(frame.message_id) : null;
    if (edited) {
      edited.classList.remove("is-unsent");
      edited.querySelector(".bubble").textContent = this.#saidBefore;
      this.editor.open(edited, frame.text, reason);
      return;
    }
    this.thread.removeUnsent(clientId);
    this.composer.refused(frame.text, reason);
    if (this.thread.leaf === 0) this.root.querySelector("#welcome")?.removeAttribute("hidden");
  }

  /** The server would not even read the frame, and would not the next time. */
  #tooLarge() {
    const { frame } = this.outbox;
    if (frame) this.#takeBack(frame.client_id, gettext("The message is too large to be sent. Send it in parts."));
  }

  #setState({ title, mode }) {
    this.root.dataset.mode = mode;
    const heading = this.root.querySelector("#title");
    if (heading.textContent === title) return;
    heading.textContent = title;
    document.title = `${title} · MemoryOS`;
    document.body.dispatchEvent(new CustomEvent("conversations-changed"));
  }

  /** The conversation exists now: give the page its lasting address, and what only lasting ones have. */
  #settle() {
    const address = this.root.dataset.newAddress;
    if (!address) return;
    delete this.root.dataset.newAddress;
    history.replaceState(null, "", address);
    this.composer.draft.moveTo(this.root.dataset.conversation);
  }

  #lost() {
    this.#greeted = false;
    this.#startLostTimer();
  }

  #startLostTimer() {
    this.#lostTimer ??= setTimeout(() => {
      this.connectionNote.hidden = false;
      this.#announce(gettext("Reconnecting…"));
    }, RECONNECTING_AFTER);
  }

  #ended(reason) {
    clearTimeout(this.#lostTimer);
    this.connectionNote.hidden = true;
    this.composer.disable();
    if (reason === "signed out" && this.#signIn()) return;
    this.composer.say(
      reason === "gone"
        ? gettext("This conversation is no longer there. Begin a new one.")
        : gettext("You are signed out. Load the page again to sign in."),
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
