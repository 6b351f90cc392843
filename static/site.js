// What every page shares: dates in the reader's own time zone.

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const formatDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** Show each <time data-local> of `root` in the browser's language and zone; the server's UTC text stays as title. */
export function localiseDates(root) {
  for (const time of root.querySelectorAll("time[data-local]:not([title])")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    time.title = time.textContent.trim();
    time.textContent = (time.dataset.local === "day" ? formatDay : format).format(date);
  }
}

localiseDates(document);
document.addEventListener("htmx:load", (event) => localiseDates(event.target.parentElement ?? document));
