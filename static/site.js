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
