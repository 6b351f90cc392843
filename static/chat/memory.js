// The panel under an answer that says what memory had to do with it, and the dialog of the two wishes about a message.

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
  if (!link.matches(".memory-link[aria-expanded=true]")) return;
  event.preventDefault();
  close(link);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const slot = event.detail.target;
  if (!slot.matches?.(".memory-slot")) return;
  linkOf(slot)?.setAttribute("aria-expanded", "true");
  slot.querySelector(".memory-panel")?.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  const form = event.target.closest?.("[data-escape]");
  const slot = event.target.closest?.(".memory-slot");
  if (form) form.querySelector("[data-cancel]")?.click();
  else if (slot) close(linkOf(slot));
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
