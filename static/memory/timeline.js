// The timeline's days in the reader's own time zone: the server groups by its own.

import { localiseDates } from "../site.js";

/** Sort the lines of `root` under the days that they have for the reader. */
function regroup(root) {
  const sections = [...root.querySelectorAll(".timeline-day")];
  let at = null;
  let section = null;
  for (const line of sections.flatMap((each) => [...each.querySelectorAll(".event")])) {
    const moment = line.querySelector("time").dateTime;
    const day = new Date(moment).toDateString();
    if (day !== at) {
      section = sections[0].cloneNode(true);
      section.querySelector("ol").replaceChildren();
      const heading = section.querySelector("h2 time");
      heading.dateTime = moment;
      heading.removeAttribute("title");
      root.insertBefore(section, sections[0]);
      at = day;
    }
    section.querySelector("ol").append(line);
  }
  for (const each of sections) each.remove();
  localiseDates(root);
}

function look() {
  for (const root of document.querySelectorAll("[data-days]:not([data-days='mine'])")) {
    root.dataset.days = "mine";
    if (root.querySelector(".timeline-day")) regroup(root);
  }
}

look();
document.addEventListener("htmx:load", look);
