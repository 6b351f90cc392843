// The list of conversations: a drawer on narrow screens, and the dialog in which one is renamed or deleted.

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
    layout.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && layout.classList.contains("shows-sidebar")) show(layout, opener, false);
    });
  }
  setUpDialog(document.getElementById("dialog"));
}

function show(layout, opener, visible) {
  layout.classList.toggle("shows-sidebar", visible);
  opener.setAttribute("aria-expanded", String(visible));
  if (visible) layout.querySelector(".new-conversation").focus();
  else opener.focus();
}

function setUpDialog(dialog) {
  if (!dialog) return;
  const body = dialog.querySelector("#dialog-body");
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === body && !dialog.open) dialog.showModal();
    dialog.querySelector("input[type=text]")?.select();
  });
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close-dialog]") && event.target !== dialog) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => body.replaceChildren());
  document.body.addEventListener("conversations-changed", () => dialog.close());
}
