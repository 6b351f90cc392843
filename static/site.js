// What every page shares: dates in the reader's own time zone.

const { lang } = document.documentElement;

/** The page's language, as the browser's region writes it: for English, a Briton's dates and clock stay British. */
export const locale = navigator.languages.find((wish) => wish.split("-")[0] === lang) ?? lang;

const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const formatDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const formatClock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const formatFull = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });

/** Show each <time data-local> of `root` in the page's language and the reader's zone; on hover whole and to the second. */
export function localiseDates(root) {
  for (const time of root.querySelectorAll("time[data-local]:not([title])")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    time.title = formatFull.format(date);
    time.textContent = ({ day: formatDay, clock: formatClock }[time.dataset.local] ?? format).format(date);
  }
}

localiseDates(document);
document.addEventListener("htmx:load", (event) => localiseDates(event.target.parentElement ?? document));

// A row's menu closes as menus do: on a click elsewhere, and on Escape, which then does nothing else.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.row-more[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.row-more[open]");
  if (!menu) return;
  event.stopPropagation();
  event.preventDefault();
  menu.open = false;
  menu.querySelector("summary").focus();
}, true);

// What a message has to say stays in sight, over what is below it, until it is closed.
const said = document.getElementById("messages");
function makeClosable() {
  for (const message of said.querySelectorAll(".message:not(:has(> .message-closer, [data-dismiss]))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "message-closer";
    button.ariaLabel = said.dataset.close;
    button.addEventListener("click", () => {
      message.remove();
      document.getElementById("content")?.focus({ preventScroll: true });
    });
    message.append(button);
  }
}
if (said) {
  makeClosable();
  new MutationObserver(makeClosable).observe(said, { childList: true });
}
