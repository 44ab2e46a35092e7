// Live tail: rows that the server renders arrive over SSE. At the top they are put in; further down they are only counted.
import { go, results } from "./swap.js";
import { opened } from "./drawer.js";

const ROWS_MAX = 300;
const WORDS = { live: "Live", paused: "Paused", reconnecting: "Reconnecting" };
let source = null;
let wanted = true;
let waiting = 0;

const button = () => document.querySelector(".live");
const scroller = () => document.querySelector(".rows");
const reading = () => scroller().scrollTop > 40 || opened();

function show(state) {
  if (!button()) return;
  button().dataset.state = state;
  button().querySelector("span").textContent = WORDS[state];
  button().setAttribute("aria-pressed", String(state !== "paused"));
}

function count(more) {
  waiting = more ? waiting + more : 0;
  const pill = document.querySelector(".pill");
  if (!pill) return;
  pill.hidden = !waiting;
  pill.querySelector("button").textContent = `${waiting.toLocaleString("en")} new — show`;
}

// The fragments are the server's own templates, escaped there; no markup is made of data here.
const parse = (html) => new DOMParser().parseFromString(html, "text/html").body;

function take(message) {
  const { rows, added, parts } = JSON.parse(message.data);
  const fresh = parse(rows);
  for (const row of fresh.querySelectorAll("tr[data-call]")) {
    document.querySelector(`#calls tr[data-call="${CSS.escape(row.dataset.call)}"]`)?.replaceWith(row.cloneNode(true));
  }
  for (const part of parse(parts).querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
    if (old && !old.contains(document.activeElement) && !old.querySelector("details[open]")) old.replaceWith(part);
  }
  if (!added) return;
  if (reading() || !document.getElementById("calls")) return count(added);
  const known = new Set([...document.querySelectorAll("#calls tr[data-call]")].map((row) => row.dataset.call));
  fresh.querySelectorAll("tr[data-call]").forEach((row) => known.has(row.dataset.call) && row.remove());
  const body = fresh.querySelector("tbody");
  if (body?.children.length) document.querySelector("#calls thead").after(body);
  const all = document.querySelectorAll("#calls tr[data-call]");
  [...all].slice(ROWS_MAX).forEach((row) => row.remove());
}

function start() {
  stop();
  const url = results()?.dataset.tail;
  if (!url || !button()) return;
  if (!wanted) return show("paused");
  show("reconnecting");
  source = new EventSource(url);
  source.addEventListener("open", () => show("live"));
  source.addEventListener("rows", take);
  source.addEventListener("gone", () => { stop(); location.reload(); });
  source.addEventListener("error", () => show("reconnecting"));
}

function stop() {
  source?.close();
  source = null;
}

export function toggle() {
  wanted = !wanted;
  if (wanted) go(location.pathname + location.search, { push: false });
  else { stop(); show("paused"); }
}

export function catchUp() {
  scroller().scrollTop = 0;
  go(location.pathname + location.search, { push: false });
}

document.addEventListener("click", (event) => {
  if (event.target.closest(".live")) toggle();
  if (event.target.closest(".pill button")) catchUp();
});
document.addEventListener("results", () => { count(0); start(); });
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : wanted && !source && start()));
addEventListener("pagehide", stop);
start();
