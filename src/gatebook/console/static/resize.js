// The edge between rows and call: dragged, or moved by arrow keys; this browser remembers the width.
const KEY = "gatebook.drawer";
const MIN_PX = 360;
const STEP_PX = 24;
let dragging = false;

const work = () => document.querySelector(".work");

function set(width) {
  const home = work();
  if (!home || !width) return;
  const within = Math.max(MIN_PX, Math.min(Math.round(home.clientWidth * 0.7), Math.round(width)));
  home.style.setProperty("--drawer", `${within}px`);
  home.querySelector(".edge")?.setAttribute("aria-valuenow", within);
  localStorage.setItem(KEY, within);
}
const restore = () => set(Number(localStorage.getItem(KEY)));

document.addEventListener("pointerdown", (event) => {
  if (!event.target.matches?.(".edge") || event.button) return;
  event.preventDefault();
  dragging = true;
  event.target.setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => dragging && set(work().getBoundingClientRect().right - event.clientX));
document.addEventListener("pointerup", () => { dragging = false; });
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".edge")) return;
  const step = { ArrowLeft: STEP_PX, ArrowRight: -STEP_PX }[event.key];
  if (!step) return;
  event.preventDefault();
  set(document.querySelector(".drawer").offsetWidth + step);
});
document.addEventListener("results", restore);
restore();
