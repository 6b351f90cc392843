// What was done is said in passing, with a button that takes it back. Screen readers are told by role="status".

const UNDO_SECONDS = 60;
const PLAIN_SECONDS = 12;
const AGAIN_SECONDS = 5;

export function setUpNotices(region) {
  if (!region) return;
  const watch = () => region.querySelectorAll(".chat-notice:not([data-timed])").forEach(time);
  new MutationObserver(watch).observe(region, { childList: true });
  watch();
  region.addEventListener("click", (event) => {
    const notice = event.target.closest("[data-dismiss]")?.closest(".chat-notice");
    if (!notice) return;
    notice.remove();
    focusElsewhere();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    // The button goes with its notice.
    if (event.detail.requestConfig.elt.closest("[data-undo]")) focusElsewhere();
  });
}

function time(notice) {
  notice.dataset.timed = "";
  const seconds = notice.querySelector("[data-undo]") ? UNDO_SECONDS : PLAIN_SECONDS;
  setTimeout(() => leave(notice), seconds * 1000);
}

/** Not while somebody points at it or has got there by Tab. */
function leave(notice) {
  if (notice.matches(":hover, :focus-within")) setTimeout(() => leave(notice), AGAIN_SECONDS * 1000);
  else notice.remove();
}

function focusElsewhere() {
  (document.getElementById("message") ?? document.querySelector("[data-new-conversation]"))?.focus();
}
