// Keyboard shortcuts. Those of a single character can be switched off, as not everybody's keys are pressed on purpose.

import { onEscape } from "./escape.js";

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
  // Before everybody else: a menu that a key is about to close is still open now.
  document.addEventListener("keydown", (event) => pressed(event, single), true);
  // After everybody else.
  onEscape(window, stop);
}

function pressed(event, single) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat || event.keyCode === 229) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
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

function stop(event) {
  const button = document.getElementById("stop");
  if (event.repeat || !button || button.hidden || button.disabled) return false;
  button.click();
  return true;
}

function editLast(event) {
  const box = event.target;
  if (box.id !== "message" || box.value || event.shiftKey) return;
  const edits = document.querySelectorAll('#log [data-act="edit"]');
  const last = edits[edits.length - 1];
  // While an answer runs there is nothing to edit.
  if (!last?.checkVisibility({ visibilityProperty: true })) return;
  event.preventDefault();
  last.click();
}
