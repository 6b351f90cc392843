// What was done is said in passing, over the page, perhaps with a button that takes it back; what went wrong stays until
// it is closed. Screen readers are told by role="status".

// Where the catalogue of words could not be loaded, notices go all the same.
const gettext = globalThis.gettext ?? ((text) => text);

const NOTICE = ".message";
const UNDO_SECONDS = 60;
const PLAIN_SECONDS = 10;
const LASTING = ".message-error, .message-warning";
const WITH_A_WAY_ON = "[data-undo], a";
const AGAIN_SECONDS = 5;

export function setUpNotices(region) {
  if (!region) return;
  const watch = () => region.querySelectorAll(`${NOTICE}:not([data-timed])`).forEach(time);
  new MutationObserver(watch).observe(region, { childList: true });
  watch();
  region.addEventListener("click", (event) => {
    const notice = event.target.closest("[data-dismiss]")?.closest(NOTICE);
    if (!notice) return;
    notice.remove();
    focusElsewhere();
  });
  // Who goes on talking has read it.
  document.body.addEventListener("message-sent", () => {
    for (const notice of region.querySelectorAll(`${NOTICE}:not(${LASTING}, :has(${WITH_A_WAY_ON}))`)) notice.remove();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    // The button goes with its notice.
    if (event.detail.requestConfig.elt.closest("[data-undo]")) focusElsewhere();
  });
}

function time(notice) {
  notice.dataset.timed = "";
  // Every page has a plain one; ours knows where the focus goes.
  notice.querySelector(".message-closer")?.remove();
  if (!notice.querySelector("[data-dismiss]")) notice.append(closer());
  if (notice.matches(LASTING)) return;
  const seconds = notice.querySelector(WITH_A_WAY_ON) ? UNDO_SECONDS : PLAIN_SECONDS;
  setTimeout(() => leave(notice), seconds * 1000);
}

function closer() {
  const button = document.createElement("button");
  button.className = "icon-button message-close";
  button.type = "button";
  button.dataset.dismiss = "";
  button.setAttribute("aria-label", gettext("Close"));
  button.textContent = "×";
  return button;
}

/** Not while somebody points at it or has got there by Tab. */
function leave(notice) {
  if (notice.matches(":hover, :focus-within")) setTimeout(() => leave(notice), AGAIN_SECONDS * 1000);
  else notice.remove();
}

function focusElsewhere() {
  (document.getElementById("message") ?? document.querySelector("[data-new-conversation]"))?.focus();
}
