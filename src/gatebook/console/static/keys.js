// Keys of all pages. The table of them stands in the help that "?" shows: which key does what is read from there.
// None fires in a field or with a modifier held, and a switch turns the single keys off.
import { prefer } from "./prefer.js";
import { announce } from "./swap.js";

const SEQUENCE_MS = 1200;
const help = document.getElementById("help");
const table = new Map([...help.querySelectorAll("[data-does]")].map((key) => [key.dataset.key, key.dataset.does]));
let first = "";
let at = 0;

const all = () => [...document.querySelectorAll("tr[data-call], tr[data-record]")];
const current = () => all().findIndex((row) => row.classList.contains("on") || row.contains(document.activeElement));
const click = (selector) => document.querySelector(selector)?.click();
const focus = (selector) => document.querySelector(selector)?.focus();
const drawer = () => document.querySelector(".drawer:not([hidden])");
// The row is the one that has the focus when the key is pressed: by the time the module is there it may be another.
function onRow(module, act) {
  const row = all()[current()];
  if (document.getElementById("calls")) import(`./${module}.js`).then((found) => act(found, row));
}

async function move(step) {
  const rows = all();
  if (!rows.length) return;
  const row = rows[Math.max(0, Math.min(rows.length - 1, current() + step))];
  rows.forEach((other) => other.classList.toggle("on", other === row));
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a")?.focus({ preventScroll: true });
  if (drawer() && row.dataset.call) (await import("./drawer.js")).open(row.dataset.call, { focus: false });
}

const menu = (name) => import("./menus.js").then(({ openMenu }) => openMenu(name));
const ACTIONS = {
  query: () => focus("#query input[name=q]"),
  down: () => move(1),
  up: () => move(-1),
  help: () => help.showModal(),
  facets: () => (document.querySelector(".facets")?.offsetParent ? focus(".facet summary") : click("[data-sheet]")),
  time: () => menu("time"),
  columns: () => menu("columns"),
  saved: () => menu("saved"),
  older: () => click("[data-step=older]"),
  newer: () => click("[data-step=newer]"),
  wider: () => click("[data-step=wider]"),
  export: () => click("#results a[data-export]"),
  live: () => document.getElementById("results") && import("./tail.js").then(({ toggle }) => toggle()),
  chart: () => focus(".canvas a.col[tabindex='0']"),
  link: () => (document.querySelector("[data-copy-link]") ? click("[data-copy-link]") : navigator.clipboard.writeText(location.href).then(() => announce("Link copied"))),
  expand: () => onRow("table", ({ expand }, row) => expand(row)),
  actions: () => onRow("table", ({ actions }, row) => actions(row)),
  density: () => onRow("table", ({ density }) => density()),
  select: () => onRow("select", ({ toggle }, row) => toggle(row)),
};

export function act(name) {
  const [kind, target] = name.split(" ");
  if (kind === "go") location.href = target;
  else ACTIONS[name]?.();
}

addEventListener("keydown", async (event) => {
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (event.key === "Escape") {
    if (field) return field.blur();
    if (!document.querySelector("dialog[open]") && drawer()) (await import("./drawer.js")).close();
    return;
  }
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    return (await import("./palette.js")).open();
  }
  if ("keysOff" in document.documentElement.dataset || field || event.metaKey || event.ctrlKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const native = event.target.closest?.("button, summary, a[role], input") && [" ", "Enter"].includes(event.key);
  const sequence = first && event.timeStamp - at < SEQUENCE_MS ? `${first} ${event.key}` : "";
  const name = native ? undefined : table.get(sequence) ?? table.get(event.key);
  first = "";
  if (name === undefined) {
    if ([...table.keys()].some((key) => key.startsWith(`${event.key} `) && key.length > 2)) [first, at] = [event.key, event.timeStamp];
    return;
  }
  event.preventDefault();
  act(name);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) help.showModal();
  if (event.target.closest("[data-close-help]")) help.close();
});
document.getElementById("keys-off").addEventListener("change", ({ target }) => {
  if (target.checked) document.documentElement.dataset.keysOff = "";
  else delete document.documentElement.dataset.keysOff;
  prefer("keys", target.checked ? "off" : "");
});
