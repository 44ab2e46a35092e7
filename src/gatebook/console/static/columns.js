// Columns of the table: drag an edge for a width; the menu for which, how wide and in what order. Kept under the person's name.
import { prefer } from "./prefer.js";
import { go, results } from "./swap.js";

const MIN_PX = 48;
const MAX_PX = 900;
const sheet = document.getElementById("columns");
const heads = () => [...document.querySelectorAll("#calls th[data-column]")];
let drag = null;

const chosen = () => new URL(sheet.href).searchParams.get("c").split(",").map((one) => one.split(":"));

async function keep(columns) {
  const text = columns.map(([name, width]) => (width ? `${name}:${Math.round(width)}` : name)).join(",");
  const url = new URL(sheet.href);
  url.searchParams.set("c", text);
  sheet.href = url;
  await prefer("columns", text);
  return leaveAddress();
}

// Columns in the address are somebody else's choice; an own one takes their place. Answers whether there were any.
function leaveAddress() {
  const here = new URL(location.href);
  if (!here.searchParams.has("columns")) return false;
  here.searchParams.delete("columns");
  history.replaceState(null, "", here);
  return true;
}
const again = () => go(location.pathname + location.search, { push: false });

// Results of another address may have other columns.
document.addEventListener("results", () => {
  const { href } = new URL(results().dataset.columns, location.href);
  if (sheet.href !== href) sheet.href = href;
});

// While somebody drags, the tracks stand on the table itself; afterwards in the stylesheet, for every page to come.
function size(name, width) {
  const table = document.getElementById("calls");
  const tracks = heads().filter((head) => head.offsetParent).map((head) => `${head.dataset.column === name ? width : head.offsetWidth}px`);
  table.style.setProperty("--columns", `24px ${tracks.join(" ")}`);
}
async function done(name, width) {
  document.getElementById("calls").style.removeProperty("--columns");
  if (await keep(chosen().map(([other, old]) => [other, other === name ? width : old]))) again();
}
const within = (width) => Math.max(MIN_PX, Math.min(MAX_PX, Math.round(width)));

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button) return;
  event.preventDefault();
  const head = grip.closest("th");
  drag = { name: head.dataset.column, x: event.clientX, width: head.offsetWidth, grip };
  grip.setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => {
  if (drag) size(drag.name, within(drag.width + event.clientX - drag.x));
});
document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { name, width, x } = drag;
  drag = null;
  if (event.clientX !== x) done(name, within(width + event.clientX - x));
});
document.addEventListener("dblclick", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (grip) done(grip.closest("th").dataset.column, null);
});
// The menu: ticks, widths and order, each in force at once.
const panel = (event) => event.target.closest?.(".columns-panel");
const items = (menu) => [...menu.querySelectorAll("li")];

async function read(menu) {
  const shown = items(menu).filter((item) => item.querySelector("[type=checkbox]").checked);
  await keep(shown.map((item) => [item.dataset.name, Number(item.querySelector("[type=number]").value) || null]));
  const held = document.activeElement?.getAttribute("aria-label");
  await again();
  reopen(held);
}

// The menu stays open over the new rows, with the focus where it was.
function reopen(held) {
  const menu = document.querySelector("details[data-menu=columns]");
  if (!menu) return;
  menu.open = true;
  requestAnimationFrame(() => held && menu.querySelector(`[aria-label="${CSS.escape(held)}"]`)?.focus());
}

document.addEventListener("change", (event) => panel(event) && read(panel(event)));
document.addEventListener("click", async (event) => {
  const menu = panel(event);
  if (!menu) return;
  if (event.target.closest("[data-columns-reset]")) {
    await prefer("columns", "");
    leaveAddress();
    location.reload();
  }
  const button = event.target.closest("[data-move]");
  if (!button) return;
  const item = button.closest("li");
  const up = button.dataset.move === "up";
  const other = up ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (up) other.before(item);
  else other.after(item);
  button.focus();
  read(menu);
});
