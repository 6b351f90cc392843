// The copy buttons of messages and of blocks of code.

// Where the catalogue of words could not be loaded, copying works all the same.
const gettext = globalThis.gettext ?? ((text) => text);
const SHOWN_FOR = 2000;
const timers = new WeakMap();

document.documentElement.classList.add("can-copy");
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

async function copy(button) {
  const done = await write(textOf(button));
  say(done ? gettext("Copied") : gettext("The browser does not allow copying. Select the text and copy it yourself."));
  if (done) mark(button);
}

/** A block's code; of a message its source: an answer carries it with it, what a person said is shown as it is. */
function textOf(button) {
  if (button.dataset.copy === "code") {
    return button.closest(".code").querySelector("code").textContent.replace(/\n$/, "");
  }
  const turn = button.closest(".turn");
  return turn.querySelector("template.source")?.content.textContent ?? turn.querySelector(".bubble").textContent;
}

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard on plain http away from localhost, and the browser may refuse it anywhere.
    return writeBySelection(text);
  }
}

function writeBySelection(text) {
  const before = document.activeElement;
  const ranges = Array.from({ length: getSelection().rangeCount }, (_, index) => getSelection().getRangeAt(index));
  const box = document.createElement("textarea");
  box.className = "visually-hidden";
  box.readOnly = true;
  box.value = text;
  // Inside an open dialog, or the rest of the page could not take the focus.
  (before?.closest("dialog") ?? document.body).append(box);
  box.focus({ preventScroll: true });
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  before?.focus({ preventScroll: true });
  getSelection().removeAllRanges();
  for (const range of ranges) getSelection().addRange(range);
  return done;
}

/** Show on the button that it worked; its width and its name stay. */
function mark(button) {
  clearTimeout(timers.get(button));
  const label = button.querySelector("svg") ? null : (button.dataset.label ??= button.textContent);
  button.classList.add("is-copied");
  if (label !== null) button.textContent = gettext("Copied");
  timers.set(
    button,
    setTimeout(() => {
      button.classList.remove("is-copied");
      if (label !== null) button.textContent = label;
    }, SHOWN_FOR),
  );
}

/** The same words twice are a change only when something else stood there between. */
function say(text) {
  const status = document.getElementById("status");
  if (!status) return;
  status.textContent = "";
  requestAnimationFrame(() => (status.textContent = text));
}
