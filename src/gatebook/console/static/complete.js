// Completion of the query as an ARIA combobox: the server renders the options, arrows choose, Enter or Tab takes one. Arrow up recalls old queries.
import { fetchFragment } from "./swap.js";

const WAIT_MS = 90;
const HISTORY = "gatebook.queries";
const HISTORY_MAX = 50;
const input = document.querySelector("#query input[name=q]");
const box = document.getElementById("options");
let timer = 0;
let serial = 0;
let recalled = -1;
let running = null;

const options = () => [...box.querySelectorAll("[role=option]")];
const active = () => box.querySelector("[aria-selected=true]");
const shown = () => !box.hidden;

function close() {
  serial++;
  clearTimeout(timer);
  running?.abort();
  box.hidden = true;
  box.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

// The server counts characters, the field counts units of UTF-16; they differ behind an emoji.
const asCharacters = (units) => [...input.value.slice(0, units)].length;
const asUnits = (characters) => [...input.value].slice(0, Number(characters)).join("").length;

async function ask() {
  const mine = ++serial;
  const { start, end } = input.dataset;
  running?.abort();
  running = new AbortController();
  const range = new URL(location.href).searchParams;
  const params = new URLSearchParams({ q: input.value, at: asCharacters(input.selectionStart) });
  for (const name of ["range", "from", "to"]) if (range.has(name)) params.set(name, range.get(name));
  const list = await fetchFragment(`/complete?${params}`, "complete", running.signal).catch(() => null);
  if (mine !== serial || document.activeElement !== input) return;
  if (!list?.children.length) return close();
  input.dataset.start = list.dataset.start ?? start;
  input.dataset.end = list.dataset.end ?? end;
  box.replaceChildren(...list.childNodes);
  box.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT_MS);
}

function move(step) {
  const all = options();
  const next = all[(all.indexOf(active()) + step + all.length + (step < 0 && !active() ? 1 : 0)) % all.length];
  for (const option of all) option.setAttribute("aria-selected", String(option === next));
  input.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function take(option) {
  const { start, end } = input.dataset;
  const { insert } = option.dataset;
  close();
  input.setRangeText(insert, asUnits(start), asUnits(end), "end");
  recalled = -1;
  // Behind a field come its values; behind a value people mostly search.
  if (/[:.]$/.test(insert)) ask();
}

function recall(step) {
  const old = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
  recalled = Math.max(-1, Math.min(old.length - 1, recalled + step));
  input.value = recalled < 0 ? "" : old[recalled];
}

input.addEventListener("input", () => {
  recalled = -1;
  // Between terms the list of all fields would only be in the way; arrow down opens it.
  if (/(^|[\s(])$/.test(input.value.slice(0, input.selectionStart))) close();
  else later();
});
input.addEventListener("blur", () => setTimeout(close, 120));
input.addEventListener("click", () => shown() && later());
input.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.metaKey) return;
  const { key } = event;
  if (key === "Escape" && shown()) { close(); event.stopPropagation(); }
  else if (key === "ArrowDown" && shown()) move(1);
  else if (key === "ArrowUp" && shown() && active()) move(-1);
  else if (key === "ArrowDown" && recalled >= 0) recall(-1);
  else if (key === "ArrowDown" || (key === " " && event.ctrlKey)) ask();
  else if (key === "ArrowUp") { close(); recall(1); }
  else if ((key === "Enter" || key === "Tab") && shown() && active()) take(active());
  else {
    if (key === "Enter") close();
    return;
  }
  event.preventDefault();
});
// The pointer must not take the focus out of the field.
box.addEventListener("pointerdown", (event) => event.preventDefault());
box.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) take(option);
});

document.addEventListener("asked", ({ detail: text }) => {
  close();
  recalled = -1;
  const old = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
  if (text) localStorage.setItem(HISTORY, JSON.stringify([text, ...old.filter((other) => other !== text)].slice(0, HISTORY_MAX)));
});
