// The explorer: turns its links and its form into fragment swaps. Everything here also works without it, page by page.
import { fetchFragment, go, results } from "./swap.js";
import "./drawer.js";
import "./tail.js";

const form = document.getElementById("query");
const input = form.elements.q;
const HISTORY = "gatebook.queries";
const remembered = () => JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
let recalled = -1;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (text) localStorage.setItem(HISTORY, JSON.stringify([text, ...remembered().filter((old) => old !== text)].slice(0, 50)));
  recalled = -1;
  const url = new URL(location.href);
  for (const name of ["q", "call", "before"]) url.searchParams.delete(name);
  if (text) url.searchParams.set("q", text);
  go(url.pathname + url.search);
});

input.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const old = remembered();
  recalled = Math.max(-1, Math.min(old.length - 1, recalled + (event.key === "ArrowUp" ? 1 : -1)));
  if (recalled >= 0) input.value = old[recalled];
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("#results a[data-swap]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const not = event.altKey && link.parentElement.querySelector("a.less");
  const focus = link.dataset.focus ? `[data-focus="${CSS.escape(link.dataset.focus)}"]` : null;
  go((not || link).getAttribute("href"), { focus });
});

// Older pages are appended; "Load older" stays a plain link for those without scripts.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("#results a[data-more]");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const home = results();
  const fragment = await fetchFragment(link.href, "rows").catch(() => null);
  if (!fragment || home !== results()) {
    if (home === results()) location.href = link.href;
    return;
  }
  const table = document.getElementById("calls");
  table.append(...fragment.querySelectorAll("tbody"));
  link.closest(".more").replaceWith(fragment.querySelector(".more"));
  document.getElementById("shown").textContent = table.querySelectorAll("tr[data-call]").length.toLocaleString("en");
});

// Arrow keys walk the columns of the histogram from any one of them.
document.addEventListener("keydown", (event) => {
  const bar = event.target.closest?.(".plot a, .plot svg");
  if (!bar || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
  const bars = [...document.querySelectorAll(".plot a")];
  const at = bars.indexOf(bar);
  const next = event.key === "ArrowRight" ? at + 1 : at < 0 ? bars.length - 1 : at - 1;
  bars[Math.max(0, Math.min(bars.length - 1, next))]?.focus();
  event.preventDefault();
});

document.addEventListener("results", () => {
  const { query, range } = results().dataset;
  if (document.activeElement !== input) input.value = query;
  input.setAttribute("aria-invalid", String(!!results().querySelector("#query-error")));
  form.querySelectorAll("input[type=hidden]").forEach((field) => field.remove());
  for (const [name, value] of new URLSearchParams(range)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
});

addEventListener("popstate", () => go(location.pathname + location.search, { push: false }));
