// Ticking all rows of the page at once, in lists of facts. Without a script each row is ticked by itself.

const boxes = () => [...document.querySelectorAll('.choose input[form="chosen"]')];

function show(all) {
  const ticked = boxes().filter((box) => box.checked).length;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
}

function prepare() {
  const all = document.querySelector("[data-choose-all]");
  if (!all) return;
  all.closest("label").hidden = false;
  show(all);
}

document.addEventListener("change", (event) => {
  const all = document.querySelector("[data-choose-all]");
  if (!all) return;
  if (event.target === all) for (const box of boxes()) box.checked = all.checked;
  if (event.target === all || boxes().includes(event.target)) show(all);
});

document.addEventListener("htmx:load", prepare);
prepare();
