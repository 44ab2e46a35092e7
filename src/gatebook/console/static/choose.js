// The box in the head of a table chooses all rows that are shown.
const all = document.querySelector("[data-choose-all]");
const boxes = () => [...(all?.closest("table").querySelectorAll("tbody td.tick input") ?? [])];

if (all) {
  all.hidden = !boxes().length;
  all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
  all.closest("table").addEventListener("change", ({ target }) => {
    if (target === all) return;
    const chosen = boxes().filter((box) => box.checked).length;
    all.checked = chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  });
}
