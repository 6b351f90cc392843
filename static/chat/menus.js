// Menus are popovers, which open, close and stay on top by themselves; this puts them beside their buttons.

const GAP = 4;
const EDGE = 8;
// A style sheet of our own: an attribute would be copied by htmx to the next menu of that id, which the content security
// policy forbids. One menu is open at a time.
const placing = new CSSStyleSheet();
document.adoptedStyleSheets.push(placing);

export function setUpMenus() {
  // These events do not bubble.
  document.addEventListener("toggle", (event) => toggled(event), true);
  document.addEventListener("scroll", (event) => scrolled(event), true);
  addEventListener("resize", () => openMenu()?.hidePopover());
  document.addEventListener("keydown", (event) => moveWithin(event));
  document.body.addEventListener("htmx:beforeRequest", (event) => chosen(event.detail.elt));
  document.body.addEventListener("htmx:beforeSwap", (event) => putOff(event.detail));
}

/** A list that comes anew would take away the menu that somebody is choosing from: it comes again afterwards. */
function putOff(swap) {
  const menu = openMenu();
  if (!menu || !swap.target.contains(menu)) return;
  swap.shouldSwap = false;
  const ask = () => document.body.dispatchEvent(new CustomEvent("conversations-changed"));
  menu.addEventListener("toggle", ask, { once: true });
}

function openMenu() {
  return document.querySelector(".menu:popover-open");
}

function buttonOf(menu) {
  return document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
}

function toggled({ target: menu, newState }) {
  if (!menu.matches?.(".menu")) return;
  const button = buttonOf(menu);
  menu.classList.toggle("is-placed", newState === "open");
  if (newState !== "open" || !button) return;
  place(menu, button.getBoundingClientRect());
  if (button.matches(":focus-visible")) itemsOf(menu)[0]?.focus();
}

function place(menu, button) {
  const { width, height } = menu.getBoundingClientRect();
  const below = button.bottom + GAP;
  const top = below + height > innerHeight - EDGE ? Math.max(EDGE, button.top - GAP - height) : below;
  const left = Math.min(Math.max(EDGE, button.left), innerWidth - EDGE - width);
  placing.replaceSync(`.menu.is-placed { top: ${top}px; left: ${left}px; }`);
}

/** What is scrolled away under its menu is no longer what the menu is about. */
function scrolled(event) {
  const menu = openMenu();
  if (menu && !menu.contains(event.target)) menu.hidePopover();
}

function moveWithin(event) {
  const menu = openMenu();
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  // From its button as well, where it was opened with a mouse.
  if (!menu || !(event.key in steps) || !(menu.contains(event.target) || event.target === buttonOf(menu))) return;
  event.preventDefault();
  const items = itemsOf(menu);
  const at = items.indexOf(document.activeElement);
  const next = at < 0 && event.key === "ArrowUp" ? -1 : at + steps[event.key];
  items[(next + items.length) % items.length].focus();
}

function itemsOf(menu) {
  return [...menu.querySelectorAll("a, button")].filter((item) => item.checkVisibility());
}

function chosen(item) {
  const menu = item.closest(".menu");
  if (!menu) return;
  menu.hidePopover();
  // The list is about to be replaced; htmx keeps the focus on an element that has the same id afterwards.
  if (item.matches("button")) document.getElementById(`conversation-${menu.dataset.conversation}`)?.focus();
}
