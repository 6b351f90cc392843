// The search box above the list, and the list itself: what is loaded again, what goes wrong, the arrow keys.

const LINKS = ".list-link, .found-title, .hit";

export function setUpSearch(box, place) {
  if (!box || !place) return;
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) escape(event, box);
  });
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
function escape(event, box) {
  event.preventDefault();
  if (!box.value) {
    (document.getElementById("message") ?? box).focus();
    if (document.activeElement === box) box.blur();
    return;
  }
  event.stopPropagation();
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function move(event, box, place) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (!(event.key in steps) || event.isComposing || event.target.closest(".menu")) return;
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
