// The search box above the list, and the list itself: what is loaded again, what goes wrong, the arrow keys.

import { onEscape } from "./escape.js";

const LINKS = ".list-link, .found-title, .hit";

export function setUpSearch(box, place) {
  if (!box || !place) return;
  onEscape(box, () => escape(box));
  for (const part of [box, place]) part.addEventListener("keydown", (event) => move(event, box, place));
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt !== place) return;
    // A list that has been scrolled is loaded again as long as it was, a search as a search.
    detail.parameters.rows = place.querySelectorAll(".list-row").length;
    const search = box.form.getAttribute("hx-get");
    if (search && box.value.trim()) detail.path = `${search}?${detail.path.split("?")[1]}`;
  });
  watchFaults(place, document.getElementById("list-fault"));
}

/** The first press empties the box and brings back the list, the next one leaves it. */
function escape(box) {
  if (box.value) {
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }
  // In the drawer: that closes now.
  if (document.querySelector(".shows-sidebar")) return false;
  (document.getElementById("message") ?? box).focus();
  if (document.activeElement === box) box.blur();
  return true;
}

function move(event, box, place) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (!(event.key in steps) || event.isComposing || document.querySelector(".menu:popover-open")) return;
  const stops = [box, ...place.querySelectorAll(LINKS)];
  const at = stops.indexOf(document.activeElement) + steps[event.key];
  if (at < 0 || at >= stops.length) return;
  event.preventDefault();
  stops[at].focus();
}

function watchFaults(place, note) {
  if (!note) return;
  const concerns = (event) => event.detail.target && (event.detail.target === place || place.contains(event.detail.target));
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, (event) => {
      if (concerns(event)) note.hidden = false;
    });
  }
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (concerns(event)) note.hidden = true;
  });
  note.querySelector("[data-list-again]").addEventListener("click", () => {
    document.body.dispatchEvent(new CustomEvent("conversations-changed"));
  });
}
