// Small help for the dashboard: Escape leaves a form, polling rests while nobody looks, a deed is sent once.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  const form = event.target.closest?.("[data-escape]");
  form?.querySelector("[data-cancel]")?.click();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  if (event.target.dataset.once) event.preventDefault();
  event.target.dataset.once = "sent";
});

// A page that comes back with Back may send again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) form.dataset.once = "";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-poll]")) event.preventDefault();
});

document.addEventListener("htmx:sendError", () => tell(gettext("The server cannot be reached. What you wrote is still here; try again.")));
document.addEventListener("htmx:responseError", () => tell(gettext("That did not work: the server failed. What you wrote is still here; try again.")));

/** Say something in the page's status line, as the server's own messages do. */
function tell(text) {
  const line = document.createElement("p");
  line.className = "message message-error";
  line.textContent = text;
  document.getElementById("messages")?.replaceChildren(line);
}
