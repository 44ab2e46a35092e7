// The histogram under the pointer: drag narrows to what was dragged over, a click to one column, a double click goes back.
import { go } from "./swap.js";

const DRAG_PX = 5;
const DOUBLE_MS = 220;
let from = null;
let dragged = false;
let clicking = 0;

const columns = (canvas) => [...canvas.querySelectorAll("a.col")];
const at = (canvas, x) => {
  const box = canvas.getBoundingClientRect();
  return Math.max(0, Math.min(0.999999, (x - box.left) / box.width));
};

// What lies between two places of the chart, in whole columns.
function between(canvas, one, other) {
  const all = columns(canvas);
  const [first, last] = [Math.min(one, other), Math.max(one, other)].map((share) => Math.floor(share * all.length));
  return { first, last, count: all.length, since: all[first]?.dataset.since, until: all[last]?.dataset.until };
}

function narrow(since, until) {
  const url = new URL(location.href);
  for (const name of ["range", "call", "before", "view"]) url.searchParams.delete(name);
  url.searchParams.set("from", since);
  url.searchParams.set("to", until);
  go(url.pathname + url.search);
}

document.addEventListener("pointerdown", (event) => {
  const canvas = event.target.closest?.("[data-brush]");
  if (!canvas || event.button || event.target.closest(".mark")) return;
  from = { canvas, share: at(canvas, event.clientX), x: event.clientX };
  dragged = false;
});

document.addEventListener("pointermove", (event) => {
  if (!from || (!dragged && Math.abs(event.clientX - from.x) < DRAG_PX)) return;
  dragged = true;
  const { first, last, count } = between(from.canvas, from.share, at(from.canvas, event.clientX));
  const shade = from.canvas.querySelector(".brushed");
  shade.hidden = false;
  shade.style.left = `${(first / count) * 100}%`;
  shade.style.width = `${((last + 1 - first) / count) * 100}%`;
});

document.addEventListener("pointerup", (event) => {
  if (!from) return;
  const { canvas, share } = from;
  from = null;
  if (!dragged) return;
  canvas.querySelector(".brushed").hidden = true;
  const { since, until } = between(canvas, share, at(canvas, event.clientX));
  if (since) narrow(since, until);
});

document.addEventListener("dragstart", (event) => event.target.closest?.("[data-brush]") && event.preventDefault());

document.addEventListener("click", (event) => {
  const column = event.target.closest?.("a.col");
  if (!column || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  if (dragged) return;
  clearTimeout(clicking);
  const open = () => go(column.getAttribute("href"));
  // A second click within a moment means back, so the first one waits for it; the keyboard's does not.
  if (event.detail === 0) open();
  else if (event.detail === 1) clicking = setTimeout(open, DOUBLE_MS);
});

document.addEventListener("dblclick", (event) => {
  if (!event.target.closest?.("[data-brush]")) return;
  clearTimeout(clicking);
  if (new URLSearchParams(location.search).has("from")) history.back();
});
