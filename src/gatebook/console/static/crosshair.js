// The line and the counts of the column under the pointer or the keyboard's cursor; arrow keys move that cursor.
const all = (canvas) => [...canvas.querySelectorAll("a.col")];

function show(column) {
  const canvas = column.closest("[data-brush]");
  const chart = canvas.closest(".hist");
  const columns = all(canvas);
  const number = columns.indexOf(column);
  const share = (number + 0.5) / columns.length;
  const hair = canvas.querySelector(".hair");
  hair.hidden = false;
  hair.style.left = `${share * 100}%`;
  const tip = chart.querySelector(".tip");
  const counts = column.dataset.n.split(" ").map(Number);
  tip.querySelector(".when").textContent = column.dataset.when;
  const cells = [...tip.querySelectorAll("td.num")];
  const hidden = [...chart.querySelectorAll("[data-series]")].map((button) => button.getAttribute("aria-pressed") === "false");
  let sum = 0;
  counts.forEach((count, index) => {
    cells[index].textContent = count.toLocaleString("en");
    cells[index].parentElement.hidden = hidden[index];
    if (!hidden[index]) sum += count;
  });
  cells.at(-1).textContent = sum.toLocaleString("en");
  tip.hidden = false;
  const left = canvas.offsetLeft + share * canvas.offsetWidth;
  tip.style.left = share > 0.6 ? "auto" : `${left + 14}px`;
  tip.style.right = share > 0.6 ? `${chart.clientWidth - left + 14}px` : "auto";
}

function hide() {
  document.querySelectorAll(".hair, .tip").forEach((part) => { part.hidden = true; });
}

document.addEventListener("pointermove", (event) => {
  const column = event.target.closest?.("a.col");
  if (column) show(column);
  else if (!document.activeElement?.closest?.("a.col")) hide();
});
document.addEventListener("focusin", (event) => {
  const column = event.target.closest?.("a.col");
  if (column?.matches(":focus-visible")) show(column);
  else hide();
});
document.addEventListener("results", hide);

document.addEventListener("keydown", (event) => {
  const column = event.target.closest?.("a.col");
  if (!column) return;
  const columns = all(column.closest("[data-brush]"));
  const at = columns.indexOf(column);
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: columns.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const found = columns[Math.max(0, Math.min(columns.length - 1, next))];
  columns.forEach((other) => other.setAttribute("tabindex", other === found ? "0" : "-1"));
  found.focus();
  show(found);
});
