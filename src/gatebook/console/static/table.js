// Rows under the keyboard: one of them takes the tab key, `o` expands it in place, `.` opens its actions, `d` changes the density.
import { announce, fetchFragment } from "./swap.js";
import { rows } from "./drawer.js";
import { prefer } from "./prefer.js";

const menu = () => document.getElementById("row-menu");
let owner = null;

export const current = () => document.activeElement?.closest?.("#calls tr[data-call]") ?? document.querySelector("#calls tr.on") ?? rows()[0];

// Roving tabindex: the table is one stop of the tab key, wherever it was left.
function rove(row) {
  for (const other of document.querySelectorAll("#calls tbody a[tabindex='0']")) other.tabIndex = -1;
  const link = row?.querySelector(".c-time a");
  if (link) link.tabIndex = 0;
}
function settle() {
  document.querySelectorAll("#calls tbody .c-time a:not([tabindex])").forEach((link) => { link.tabIndex = -1; });
  if (!document.querySelector("#calls tbody a[tabindex='0']")) rove(document.querySelector("#calls tr.on") ?? rows()[0]);
}
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("#calls tr[data-call]");
  if (row) rove(row);
});
for (const name of ["results", "rows"]) document.addEventListener(name, settle);
settle();

export async function expand(row = current()) {
  if (!row) return;
  if (row.nextElementSibling?.matches("tr.expanded")) {
    row.nextElementSibling.remove();
    return;
  }
  const fragment = await fetchFragment(`/calls/${row.dataset.call}/brief`, "brief").catch(() => null);
  if (!fragment || !row.isConnected) return announce("The call could not be opened");
  const line = document.getElementById("expanded").content.firstElementChild.cloneNode(true);
  line.querySelector("td").append(fragment);
  row.after(line);
  announce("Expanded");
}

export function density() {
  const compact = document.documentElement.dataset.density !== "compact";
  document.documentElement.dataset.density = compact ? "compact" : "";
  prefer("density", compact ? "compact" : "");
  announce(compact ? "Compact rows" : "Comfortable rows");
}

export function actions(row = current(), x = null, y = null) {
  const panel = menu();
  if (!row || !panel) return;
  owner = row;
  const here = new URLSearchParams(location.search);
  for (const name of ["call", "before", "view"]) here.delete(name);
  for (const item of panel.querySelectorAll("[role=menuitem]")) {
    const { field, not, path } = item.dataset;
    const value = field && row.dataset[field];
    item.hidden = field !== undefined && !value;
    if (field) item.querySelector("b").textContent = row.querySelector(`.c-${field}`)?.textContent.trim() || value;
    if (field) item.setAttribute("href", `/narrow?${new URLSearchParams([...here, ["field", field], ["value", value], ["not", not ?? ""]])}`);
    if (path) item.setAttribute("href", path.replace("{id}", row.dataset.call));
  }
  const box = row.getBoundingClientRect();
  panel.hidden = false;
  panel.style.left = `${Math.min(x ?? box.left + 130, innerWidth - panel.offsetWidth - 8)}px`;
  panel.style.top = `${Math.max(8, Math.min(y ?? box.bottom, innerHeight - panel.offsetHeight - 8))}px`;
  panel.querySelector("[role=menuitem]:not([hidden])").focus();
}

function close(focus) {
  if (!menu() || menu().hidden) return;
  menu().hidden = true;
  if (focus) owner?.querySelector(".c-time a")?.focus();
}

addEventListener("keydown", (event) => {
  if (!menu() || menu().hidden) return;
  const items = [...menu().querySelectorAll("[role=menuitem]:not([hidden])")];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next !== undefined) items.at(next % items.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") close(true);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("click", (event) => {
  const act = event.target.closest("#row-menu [data-act]")?.dataset.act;
  if (!event.target.closest("[data-row-menu]")) close(!!act);
  if (act === "expand") expand(owner);
  if (act === "copy") navigator.clipboard.writeText(new URL(`/calls/${owner.dataset.call}`, location.href).href).then(() => announce("Link copied"));
});
document.addEventListener("contextmenu", (event) => {
  const row = event.target.closest("#calls tr[data-call]");
  if (!row || event.shiftKey || String(getSelection())) return;
  event.preventDefault();
  actions(row, event.clientX, event.clientY);
});
