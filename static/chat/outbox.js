// What was sent and is not confirmed yet: one frame at a time, kept in this tab so that a reload or a lost connection
// loses nothing and sends nothing twice (the server knows a client id again).

export class Outbox {
  /** `conversation` is the id under which it waits; what somebody else than `person` left in this tab is thrown away. */
  constructor(person, conversation) {
    this.key = `pending:${person}:${conversation}`;
    forgetOthers(sessionStorage, "pending", person);
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

/** What is typed and not sent, kept across tabs and restarts of the browser until it is sent. */
export class Draft {
  constructor(person, key) {
    this.person = person;
    this.key = `draft:${person}:${key}`;
    forgetOthers(localStorage, "draft", person);
  }

  get text() {
    return localStorage.getItem(this.key) ?? "";
  }

  set text(text) {
    if (text) localStorage.setItem(this.key, text);
    else localStorage.removeItem(this.key);
  }

  /** The conversation came to be: its draft is no longer that of a new one. */
  moveTo(key) {
    const { text } = this;
    this.text = "";
    this.key = `draft:${this.person}:${key}`;
    this.text = text;
  }
}

function forgetOthers(storage, kind, person) {
  for (const key of Object.keys(storage)) {
    const [named, owner] = key.split(":");
    if (named === kind && owner !== person) storage.removeItem(key);
  }
}
