// The list of conversations: a drawer on narrow screens, and the dialog in which one is renamed or deleted.

import { onEscape } from "./escape.js";

// As in chat.css: up to here the list is a drawer over the messages.
const narrow = matchMedia("(max-width: 48rem)");
// How the server answers a change made in the dialog: there is nothing to show in it any more.
const NOTHING_TO_SHOW = "none";

export function setUpSidebar() {
  const layout = document.getElementById("chat");
  const opener = layout?.querySelector('[data-sidebar="open"]');
  if (opener) {
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      show(layout, opener, true);
    });
    opener.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        event.preventDefault();
        show(layout, opener, true);
      }
    });
    for (const closer of layout.querySelectorAll('[data-sidebar="close"]')) {
      closer.addEventListener("click", () => show(layout, opener, false));
    }
    onEscape(document, () => {
      const isShown = layout.classList.contains("shows-sidebar");
      if (isShown) show(layout, opener, false);
      return isShown;
    });
    narrow.addEventListener("change", () => {
      if (layout.classList.contains("shows-sidebar")) show(layout, opener, false);
    });
  }
  setUpDialog(document.getElementById("dialog"));
}

function show(layout, opener, visible) {
  layout.classList.toggle("shows-sidebar", visible);
  layout.querySelector(".thread").inert = visible;
  opener.setAttribute("aria-expanded", String(visible));
  if (visible) (layout.querySelector(".new-conversation") ?? layout.querySelector(".sidebar-close")).focus();
  else opener.focus();
}

function setUpDialog(dialog) {
  if (!dialog) return;
  const body = dialog.querySelector("#dialog-body");
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== body || !body.firstElementChild) return;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input[type=text]")?.select();
  });
  dialog.addEventListener("htmx:afterRequest", (event) => {
    const { elt: form, requestConfig, xhr } = event.detail;
    if (requestConfig.verb !== "post" || xhr.getResponseHeader("HX-Reswap") !== NOTHING_TO_SHOW) return;
    dialog.close();
    // The list is about to be replaced; htmx keeps the focus on an element that has the same id afterwards.
    const { conversation, deletes } = form.dataset;
    const row = deletes === undefined ? document.getElementById(`conversation-${conversation}`) : null;
    (row ?? document.querySelector("[data-new-conversation]"))?.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-closes-dialog]")) {
      // A download begins, and the page stays.
      dialog.close();
      return;
    }
    if (!event.target.closest("[data-close-dialog]") && event.target !== dialog) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => body.replaceChildren());
}
