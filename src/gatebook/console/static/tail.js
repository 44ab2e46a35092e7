// Live tail: rows that the server renders arrive over SSE. At the top they are put in; further down, or paused, they are only counted.
import { announce, go, results } from "./swap.js";
import { opened } from "./drawer.js";
import { place } from "./parts.js";

const ROWS_MAX = 400;
let source = null;
let paused = false;
let waiting = 0;
let share = 1;

const button = () => document.querySelector(".live");
const scroller = () => document.querySelector(".rows");
const reading = () => scroller().scrollTop > 40 || opened() || document.querySelector("#calls input:checked, #calls tr.expanded");

function show(state) {
  if (!button()) return;
  const words = { live: share > 1 ? `Live — showing 1 in ${share}` : "Live", reconnecting: "Reconnecting" };
  const count = waiting ? ` — ${waiting.toLocaleString("en")} new` : "";
  button().dataset.state = state;
  button().querySelector("span").textContent = words[state] ?? `Paused${count}`;
  button().setAttribute("aria-pressed", String(state !== "paused"));
}

function count(more) {
  waiting = more ? waiting + more : 0;
  const pill = document.querySelector(".pill");
  if (pill) {
    pill.hidden = !waiting || paused;
    pill.querySelector("button").textContent = `${waiting.toLocaleString("en")} new — show`;
  }
  if (paused) show("paused");
}

// The fragments are the server's own templates, escaped there; no markup is made of data here.
const parse = (html) => new DOMParser().parseFromString(html, "text/html").body;
const busy = (part) => part.contains(document.activeElement) || part.querySelector("details.menu[open], .hair:not([hidden]), .facet input[type=search]");

function take(message) {
  const { rows, added, parts, share: one } = JSON.parse(message.data);
  if (one !== share) { share = one; show(paused ? "paused" : "live"); }
  if (paused) return added && count(added);
  const fresh = parse(rows);
  for (const row of fresh.querySelectorAll("tr[data-call]")) {
    const old = document.querySelector(`#calls tr[data-call="${CSS.escape(row.dataset.call)}"]`);
    if (old && !old.contains(document.activeElement) && !old.classList.contains("picked")) {
      const clone = row.cloneNode(true);
      clone.className = old.className;
      old.replaceWith(clone);
    }
  }
  for (const part of parse(parts).querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
    if (old && !busy(old)) place(old, part);
  }
  if (!added) return;
  if (!document.getElementById("calls")) return catchUp();
  if (reading()) return count(added);
  const known = new Set([...document.querySelectorAll("#calls tr[data-call]")].map((row) => row.dataset.call));
  fresh.querySelectorAll("tr[data-call]").forEach((row) => known.has(row.dataset.call) && row.remove());
  const body = fresh.querySelector("tbody");
  if (body?.children.length) document.querySelector("#calls thead").after(body);
  [...document.querySelectorAll("#calls tr[data-call]")].slice(ROWS_MAX).forEach((row) => row.remove());
  document.dispatchEvent(new CustomEvent("rows"));
}

function start() {
  stop();
  const url = results()?.dataset.tail;
  if (!url || !button()) return;
  show(paused ? "paused" : "reconnecting");
  source = new EventSource(url);
  source.addEventListener("open", () => show(paused ? "paused" : "live"));
  source.addEventListener("rows", take);
  source.addEventListener("gone", () => { stop(); location.reload(); });
  source.addEventListener("error", () => show(paused ? "paused" : "reconnecting"));
}

function stop() {
  source?.close();
  source = null;
}

export function toggle() {
  if (!button()) return announce("Live is for ranges that end now");
  paused = !paused;
  announce(paused ? "Paused" : "Live");
  if (paused) show("paused");
  else catchUp();
}

export function catchUp() {
  scroller()?.scrollTo(0, 0);
  go(location.pathname + location.search, { push: false });
}

document.addEventListener("click", (event) => {
  if (event.target.closest(".live")) toggle();
  if (event.target.closest(".pill button")) catchUp();
});
document.addEventListener("results", () => { count(0); start(); });
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : !source && start()));
addEventListener("pagehide", stop);
start();
