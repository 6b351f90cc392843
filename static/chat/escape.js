// Esc does one thing, the nearest: what lies on top of the page is closed by the browser, what holds the focus comes
// next, what concerns the whole page last.

let isCovered = false;

// Before everybody else: a menu or dialog that Esc is about to close is still open now.
addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Escape") isCovered = document.querySelector("dialog[open], :popover-open") !== null;
  },
  true,
);

/** Call `act(event)` when Esc is pressed within `node` and nobody nearer has taken it; it returns true if it takes it. */
export function onEscape(node, act) {
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.keyCode === 229) return;
    if (isCovered || event.defaultPrevented || !act(event)) return;
    event.preventDefault();
  });
}
