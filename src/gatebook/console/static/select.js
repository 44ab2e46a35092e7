// Rows that somebody selects, for copying, exporting or looking into together. The selection is lost with the question.
import { announce } from "./swap.js";
import { current } from "./table.js";

const LINKED_MAX = 100;
const boxes = () => [...document.querySelectorAll("#calls td.pick input:checked")];
const chosen = () => boxes().map((box) => box.closest("tr"));
let last = null;

function show() {
  const rows = chosen();
  const bar = document.getElementById("selection");
  if (!bar) return;
  bar.hidden = !rows.length;
  bar.querySelector("b").textContent = rows.length.toLocaleString("en");
  const query = `call:(${rows.slice(0, LINKED_MAX).map((row) => row.dataset.call).join(", ")})`;
  for (const link of bar.querySelectorAll("a[data-with]")) {
    link.setAttribute("href", `${link.dataset.with}?${new URLSearchParams({ q: query, range: "all" })}`);
    link.toggleAttribute("hidden", rows.length > LINKED_MAX);
  }
  document.querySelectorAll("#calls tr.picked").forEach((row) => row.classList.remove("picked"));
  rows.forEach((row) => row.classList.add("picked"));
}

export function toggle(row = current()) {
  const box = row?.querySelector("td.pick input");
  if (!box) return;
  box.checked = !box.checked;
  show();
  announce(`${chosen().length} selected`);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#calls td.pick input");
  if (box) {
    // With shift, everything between this row and the one selected before.
    if (event.shiftKey && last?.isConnected) {
      const all = [...document.querySelectorAll("#calls td.pick input")];
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
      all.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    }
    last = box;
    show();
  }
  const act = event.target.closest("#selection [data-act]")?.dataset.act;
  if (act === "none") {
    boxes().forEach((one) => { one.checked = false; });
    show();
  }
  if (act === "copy") {
    const text = chosen().map((row) => [...row.querySelectorAll("td:not(.pick)")].map((cell) => cell.textContent.trim()).join("\t")).join("\n");
    navigator.clipboard.writeText(text).then(() => announce("Rows copied"), () => announce("The browser does not allow copying here"));
  }
});
document.addEventListener("results", show);
