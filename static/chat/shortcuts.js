// Keyboard shortcuts. Those of a single character can be switched off, as not everybody's keys are pressed on purpose.

const OFF = "shortcuts-off";
const FIELDS = "input, textarea, select, [contenteditable]";

export function setUpShortcuts(dialog) {
  if (!dialog) return;
  const box = dialog.querySelector("#shortcuts-on");
  box.checked = localStorage.getItem(OFF) === null;
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "");
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-shortcuts]")) return;
    event.preventDefault();
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const single = { "/": search, n: begin, "?": () => dialog.showModal() };
  // Before everybody else: a menu that Esc is about to close is still open now.
  document.addEventListener("keydown", (event) => pressed(event, single), true);
}

function pressed(event, single) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat || event.keyCode === 229) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (event.key === "Escape") return stop(event);
  if (event.key === "ArrowUp") return editLast(event);
  const act = localStorage.getItem(OFF) === null ? single[event.key] : undefined;
  if (!act || event.target.closest?.(FIELDS)) return;
  event.preventDefault();
  act();
}

function search() {
  const box = document.getElementById("search-box");
  if (!box) return;
  const opener = document.querySelector('[data-sidebar="open"]');
  if (!box.checkVisibility({ visibilityProperty: true })) opener?.click();
  box.focus();
  box.select();
}

function begin() {
  document.querySelector("[data-new-conversation]")?.click();
}

/** Stop the answer, unless Esc has something nearer to close: the search, or the drawer. */
function stop(event) {
  const button = document.getElementById("stop");
  if (!button || button.hidden || button.disabled || event.target.id === "search-box") return;
  if (document.querySelector(".shows-sidebar")) return;
  event.preventDefault();
  button.click();
}

function editLast(event) {
  const box = event.target;
  if (box.id !== "message" || box.value || event.shiftKey) return;
  const edits = document.querySelectorAll('#log [data-act="edit"]');
  const last = edits[edits.length - 1];
  if (!last) return;
  event.preventDefault();
  last.click();
}
