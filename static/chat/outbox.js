// What was sent and is not confirmed yet: one frame at a time, kept in this tab so that a reload or a lost connection
// loses nothing and sends nothing twice (the server knows a client id again).

const TEMPORARY = ":temporary";
/** In place of its id: the draft of a conversation that is still to begin. */
export const NEW = "new";

export class Outbox {
  /** `conversation` is the id under which it waits; what somebody else than `person` left in this tab is thrown away. */
  constructor(person, conversation, isTemporary) {
    this.key = `pending:${person}:${conversation}${isTemporary ? TEMPORARY : ""}`;
    forgetOthers(sessionStorage, "pending", person);
    forgetTemporary(this.key);
  }

  /** The waiting frame, or null. */
  get frame() {
    return JSON.parse(sessionStorage.getItem(this.key) ?? "null");
  }

  put(frame) {
    sessionStorage.setItem(this.key, JSON.stringify(frame));
  }

  /** Take the frame out if it is the one with this client id, and return it; else null. */
  take(clientId) {
    const { frame } = this;
    if (frame?.client_id !== clientId) return null;
    sessionStorage.removeItem(this.key);
    return frame;
  }
}

/**
 * What is typed and not sent, kept across tabs and restarts of the browser until it is sent. In a temporary
 * conversation it is kept in this tab only, until another conversation is opened in it.
 */
export class Draft {
  constructor(person, conversation, isTemporary) {
    this.person = person;
    this.isTemporary = isTemporary;
    this.storage = isTemporary ? sessionStorage : localStorage;
    this.key = this.#keyOf(conversation);
    forgetOthers(localStorage, "draft", person);
    forgetOthers(sessionStorage, "draft", person);
    forgetTemporary(this.key);
  }

  get text() {
    return this.storage.getItem(this.key) ?? "";
  }

  set text(text) {
    if (text) this.storage.setItem(this.key, text);
    else this.storage.removeItem(this.key);
  }

  /** The conversation came to be: its draft is no longer that of a new one. */
  moveTo(conversation) {
    const { text } = this;
    this.text = "";
    this.key = this.#keyOf(conversation);
    this.text = text;
  }

  /** The conversation is gone: its draft waits in the next new one, unless something waits there already. */
  moveToNew() {
    if (!this.isTemporary && this.text && !localStorage.getItem(this.#keyOf(NEW))) this.moveTo(NEW);
  }

  #keyOf(conversation) {
    return `draft:${this.person}:${conversation}${this.isTemporary ? TEMPORARY : ""}`;
  }
}

/** Remove what other temporary conversations left in this tab. */
function forgetTemporary(except) {
  const [kind] = except.split(":");
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(`${kind}:`) && key.endsWith(TEMPORARY) && key !== except) sessionStorage.removeItem(key);
  }
}

function forgetOthers(storage, kind, person) {
  for (const key of Object.keys(storage)) {
    const [named, owner] = key.split(":");
    if (named === kind && owner !== person) storage.removeItem(key);
  }
}
