// Going through the queue by keyboard: after a decision on to the next proposal; j and k go down and up.

const rows = () => [...document.querySelectorAll(".proposal")];
const first = (row) => row?.querySelector(".item-actions button");

document.addEventListener("htmx:afterSettle", (event) => {
  const decided = event.target.closest?.("[data-decided]") ?? document.querySelector("[data-decided]:not([data-passed])");
  if (!decided || decided.dataset.passed) return;
  decided.dataset.passed = "passed";
  if (decided.hasAttribute("data-failed")) return;
  const next = rows().find((row) => decided.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING);
  (first(next) ?? decided.querySelector("button") ?? decided).focus();
});

document.addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest(".proposal"));
  const button = first(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step]);
  if (!button) return;
  event.preventDefault();
  button.focus();
});
