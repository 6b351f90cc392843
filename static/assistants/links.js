// The copy buttons of invitation links. Without a script the address stands in its field, to be selected.

const SHOWN_FOR = 2000;
const gettext = globalThis.gettext ?? ((text) => text);

function prepare() {
  for (const button of document.querySelectorAll("[data-copy-link][hidden]")) button.hidden = false;
}

async function copy(button) {
  const field = button.parentElement.querySelector("[data-link]");
  const done = await write(field);
  const status = document.getElementById("messages");
  if (!done) {
    field.select();
    const line = document.createElement("div");
    line.className = "message message-warning";
    line.textContent = gettext("The browser does not allow copying. Select the text and copy it yourself.");
    return void status?.replaceChildren(line);
  }
  button.dataset.label ??= button.textContent;
  button.textContent = gettext("Copied");
  setTimeout(() => (button.textContent = button.dataset.label), SHOWN_FOR);
}

async function write(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // There is no clipboard on plain http away from localhost, and the browser may refuse it anywhere.
    field.select();
    return document.execCommand("copy");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy-link]");
  if (button) copy(button);
  else if (event.target.matches("[data-link]")) event.target.select();
});
document.addEventListener("htmx:load", prepare);
prepare();
