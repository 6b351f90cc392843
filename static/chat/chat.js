// A chat page: the socket's frames become messages, what is typed becomes frames. `docs/protocol.md` has the frames.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Editor } from "./editor.js";
import { Draft, NEW, Outbox } from "./outbox.js";
import { Anchor } from "./scroll.js";
import { setUpSidebar } from "./sidebar.js";
import { Thread } from "./thread.js";

const RECONNECTING_AFTER = 700;
/** So long a message or a stop may be unanswered before the connection is taken for dead. */
const ANSWERED_WITHIN = 10_000;
/** So long after `accepted` the message itself may take. */
const SHOWN_WITHIN = 2000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
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
  #patience = null;
  /** Client ids of what the server has and has not shown yet. */
  #accepted = new Set();
  #acceptedTimer = null;
  #watchTimer = null;
  #watchPause = FIRST_PAUSE;

  constructor(root) {
    this.root = root;
    this.status = root.querySelector("#status");
    this.connectionNote = root.querySelector("#connection");
    this.thread = new Thread(root);
    this.anchor = new Anchor(root.querySelector("#scroller"), root.querySelector("#jump"));
    const { person, conversation, mode, newAddress, maxCharacters } = root.dataset;
    const isTemporary = mode === "temporary";
    this.outbox = new Outbox(person, conversation, isTemporary);
    this.composer = new Composer(
      root.querySelector("#composer"),
      {
        draft: new Draft(person, newAddress ? NEW : conversation, isTemporary),
        maxCharacters: Number(maxCharacters),
        outbox: this.outbox,
      },
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
    if (frame.type === "delta") return void this.#grow(frame);
    const focused = document.activeElement;
    this.#handle(frame);
    this.#keepFocus(focused);
  }

  #handle(frame) {
    if (frame.type !== "hello" && frame.type !== "error") this.#watchPause = FIRST_PAUSE;
    switch (frame.type) {
      case "hello": return this.#greet();
      case "conversation": return this.#setState(frame);
      case "accepted": return this.#takeAccepted(frame.client_id);
      case "rewind": return this.#rewind(frame);
      case "message": return this.#addMessage(frame);
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
    this.#watch();
    const { frame } = this.outbox;
    if (frame) this.connection.send(frame);
    if (this.#stopping !== null) this.connection.send({ type: "stop", message_id: this.#stopping });
    this.#awaitAnswer();
    if (this.#accepted.size) this.#awaitShown();
  }

  #watch() {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = null;
    this.connection.send({ type: "watch", ...this.thread.has });
  }

  /** A `watch` was refused, or something else was: what this page lacks would not come otherwise. */
  #watchLater() {
    this.#watchTimer ??= setTimeout(() => this.#watch(), this.#watchPause * (0.5 + Math.random() / 2));
    this.#watchPause = Math.min(this.#watchPause * 2, LONGEST_PAUSE);
  }

  /** A connection can be dead and look open; while something waits for an answer, only so long. */
  #awaitAnswer() {
    clearTimeout(this.#patience);
    this.#patience = null;
    if (!this.outbox.frame && this.#stopping === null) return;
    this.#patience = setTimeout(() => {
      this.connection.renew(ANSWERED_WITHIN);
      this.#awaitAnswer();
    }, ANSWERED_WITHIN);
  }

  /** What was accepted comes as a message, or stands on a branch that another device has left meanwhile. */
  #awaitShown() {
    clearTimeout(this.#acceptedTimer);
    this.#acceptedTimer = setTimeout(() => {
      if (!this.#greeted) return;
      const elsewhere = [...this.#accepted].filter((clientId) => this.thread.removeUnsent(clientId));
      this.#accepted.clear();
      if (elsewhere.length === 0) return;
      this.composer.say(gettext("The conversation went on elsewhere. What you sent is kept there as another version."));
    }, SHOWN_WITHIN);
  }

  #send(frame) {
    this.#showUnsent(frame);
    this.#announce("");
    this.#awaitAnswer();
    // Before the server's `hello` it would go twice: the greeting sends what is waiting.
    if (this.#greeted) this.connection.send(frame);
  }

  /** A message shows at the end of the log, one said anew in its place. */
  #showUnsent(frame) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    if (frame.type === "edit" && this.thread.showEdited(frame.message_id, frame.text, frame.client_id)) return;
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
    this.#awaitAnswer();
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
    const isShown = this.thread.rewind(frame.message_id);
    // The message that was being edited is gone from the page, or will be.
    const edit = isShown ? this.editor.takeLost() : this.editor.take();
    if (edit) {
      this.composer.giveBack(edit, gettext("The conversation went on elsewhere; your edit is kept here."));
    }
    // Further back than this page goes: the server has all of it.
    if (!isShown) location.reload();
    this.#setBusy(false);
  }

  #addMessage(frame) {
    this.root.querySelector("#welcome")?.setAttribute("hidden", "");
    const article = this.thread.addMessage(frame);
    if (article && this.#refocus) this.#focusVersion(article);
    if (frame.role === "user") {
      document.body.dispatchEvent(new CustomEvent("conversations-changed"));
    } else if (frame.status === "streaming") {
      this.#setStopping(null);
      this.#setBusy(true);
      // What is said of a text in the box goes with that.
      if (!this.composer.box.value) this.composer.say("");
      this.#announce(gettext("Answering…"));
    }
    this.anchor.follow();
  }

  #focusVersion(article) {
    const wanted = article.querySelector(`[data-direction="${this.#refocus}"]:not(:disabled)`);
    (wanted ?? article.querySelector("[data-direction]:not(:disabled)"))?.focus();
    this.#refocus = null;
  }

  /** Who had the focus in what is gone, or hidden now, goes on at the text box: the top of the page is far away. */
  #keepFocus(focused) {
    const { activeElement } = document;
    if (this.#refocus || !focused || focused === document.body) return;
    if (activeElement !== focused && activeElement !== document.body) return;
    if (focused.isConnected && focused.checkVisibility?.({ visibilityProperty: true }) !== false) return;
    // On a touch screen the box would call up the keyboard.
    const place = matchMedia("(hover: hover)").matches ? this.composer.box : this.root.querySelector("#scroller");
    place.focus({ preventScroll: true });
  }

  #grow(frame) {
    this.#watchPause = FIRST_PAUSE;
    if (!this.thread.grow(frame) && this.#watchTimer === null) this.#watch();
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

  #takeAccepted(clientId) {
    if (!this.#confirmed(clientId)) return;
    this.#accepted.add(clientId);
    this.#awaitShown();
  }

  /** The server has what was sent; false where that was known. */
  #confirmed(clientId) {
    if (!this.outbox.take(clientId)) return false;
    this.#awaitAnswer();
    // Where the message had arrived before this page was loaded, it stands in the log already.
    if (this.thread.holds(clientId)) this.thread.removeUnsent(clientId);
    this.composer.confirmed();
    return true;
  }

  #refused(frame) {
    if (frame.client_id) {
      this.#takeBack(frame.client_id, frame.detail);
    } else {
      // Perhaps it was the stop.
      this.#setStopping(null);
      this.#refocus = null;
      this.composer.say(frame.detail);
      if (frame.code === "too_many") this.#watchLater();
    }
    this.#setBusy(this.thread.running !== null);
    if (frame.code === "signed_out") this.#signIn();
  }

  #takeBack(clientId, reason) {
    const frame = this.outbox.take(clientId);
    if (!frame) return void this.composer.say(reason);
    this.#awaitAnswer();
    this.thread.removeUnsent(clientId);
    const edited = frame.type === "edit" ? this.thread.article(frame.message_id) : null;
    if (edited && !this.editor.isOpen) return void this.editor.open(edited, frame.text, reason);
    this.composer.giveBack(frame.text, reason);
    if (this.thread.leaf === 0) this.root.querySelector("#welcome")?.removeAttribute("hidden");
  }

  /** The server would not even read the frame, and would not the next time. */
  #tooLarge() {
    const { frame } = this.outbox;
    if (frame) this.#takeBack(frame.client_id, gettext("The message is too large to be sent. Send it in parts."));
  }

  #setState({ title, mode }) {
    this.#settle();
    this.root.dataset.mode = mode;
    const heading = this.root.querySelector("#title");
    if (heading.textContent === title) return;
    heading.textContent = title;
    // The browser's history would keep the first words of a conversation that is gone.
    const name = mode === "temporary" ? gettext("Temporary conversation") : title;
    document.title = `${name} · MemoryOS`;
    document.body.dispatchEvent(new CustomEvent("conversations-changed"));
  }

  /** The conversation exists now: give the page its lasting address, and what only lasting ones have. */
  #settle() {
    const address = this.root.dataset.newAddress;
    if (!address) return;
    delete this.root.dataset.newAddress;
    // Without the token that would let it begin again: once it is gone, it is gone.
    [this.connection.path] = this.connection.path.split("?");
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
    [this.#lostTimer, this.#patience].forEach(clearTimeout);
    this.connectionNote.hidden = true;
    if (reason === "gone") return this.#gone();
    this.composer.disable(gettext("You are signed out. Load the page again to sign in."));
    this.#signIn();
  }

  /** What was typed and not sent stays to be read here, and waits in the next new conversation. */
  #gone() {
    const { frame } = this.outbox;
    const typed = [frame?.text, this.editor.take()].filter(Boolean).join("\n");
    if (frame) {
      this.outbox.take(frame.client_id);
      this.thread.removeUnsent(frame.client_id);
    }
    this.thread.abandon();
    this.#setBusy(false);
    if (typed) this.composer.giveBack(typed, "");
    this.composer.close();
    this.composer.draft.moveToNew();
    // With the assistant in its address it might lead nowhere: the person may be its member no longer.
    for (const link of this.root.querySelectorAll("[data-new-conversation]")) link.search = "";
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
