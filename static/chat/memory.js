// The panel under an answer that says what memory had to do with it, and the dialog of the two wishes about a message.

import { onEscape } from "./escape.js";

const OPEN_LINK = ".memory-link[aria-expanded=true]";

// A link that opens something in place is a button: Space presses it, too.
document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("a[role=button][hx-get]");
  if (!link || event.key !== " ") return;
  event.preventDefault();
  link.click();
});

// Pressed again, the link closes its panel.
document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  if (!link.matches(OPEN_LINK)) return;
  event.preventDefault();
  close(link);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const slot = event.detail.target;
  if (!slot.matches?.(".memory-slot")) return;
  linkOf(slot)?.setAttribute("aria-expanded", "true");
  slot.querySelector(".memory-panel")?.focus({ preventScroll: true });
});

onEscape(document, ({ target }) => {
  const cancel = target.closest?.("[data-escape]")?.querySelector("[data-cancel]");
  const link = target.closest?.(".memory-slot") ? linkOf(target.closest(".memory-slot")) : target.closest?.(OPEN_LINK);
  if (cancel) cancel.click();
  else if (link) close(link);
  return Boolean(cancel ?? link);
});

document.body.addEventListener("dialog-done", () => document.getElementById("dialog")?.close());

function linkOf(slot) {
  return document.querySelector(`.memory-link[aria-controls="${CSS.escape(slot.id)}"]`);
}

function close(link) {
  document.getElementById(link.getAttribute("aria-controls")).replaceChildren();
  link.setAttribute("aria-expanded", "false");
  link.focus();
}
