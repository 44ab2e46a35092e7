// Series of the histogram hidden and shown by the legend: the stack is laid out again from the counts that its columns carry.
const HEIGHT = 84;
const off = new Set();
const words = (button) => button.textContent.trim();

function roundUp(value) {
  let scale = 1;
  while (value > scale * 10) scale *= 10;
  return [2, 4, 6, 8, 10].map((step) => step * scale).find((top) => top >= value) ?? 10 * scale;
}

function layOut(chart) {
  const buttons = [...chart.querySelectorAll("[data-series]")];
  const hidden = buttons.map((button) => off.has(words(button)));
  buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(!hidden[number])));
  const columns = [...chart.querySelectorAll("a.col")].map((column) => ({ column, counts: column.dataset.n.split(" ").map(Number) }));
  const sum = (counts) => counts.reduce((total, count, number) => total + (hidden[number] ? 0 : count), 0);
  const top = roundUp(Math.max(0, ...columns.map(({ counts }) => sum(counts))));
  for (const { column, counts } of columns) {
    let bottom = HEIGHT;
    for (const piece of column.querySelectorAll("[data-i]")) {
      const number = Number(piece.dataset.i);
      const height = hidden[number] ? 0 : Math.max(1.5, (counts[number] / top) * HEIGHT);
      bottom -= height;
      piece.setAttribute("y", bottom);
      piece.setAttribute("height", height);
    }
  }
  const scale = chart.querySelectorAll(".scale span");
  if (scale.length === 3) [top, top / 2].forEach((value, number) => { scale[number].textContent = value.toLocaleString("en"); });
}

// After a swap the same series stay hidden.
export function putBack() {
  const chart = document.querySelector(".hist");
  if (off.size && chart?.querySelector("a.col")) layOut(chart);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-series]");
  if (!button) return;
  const name = words(button);
  if (!off.delete(name)) off.add(name);
  layOut(button.closest(".hist"));
});
document.addEventListener("results", putBack);
