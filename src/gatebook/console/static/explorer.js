// The explorer: turns its links and its forms into fragment swaps. Everything here also works without it, page by page.
import { announce, fetchFragment, go, results } from "./swap.js";
import "./menus.js";
import "./parts.js";
import "./legend.js";
import "./brush.js";
import "./crosshair.js";
import "./facets.js";
import "./complete.js";
import "./drawer.js";
import "./resize.js";
import "./table.js";
import "./select.js";
import "./columns.js";
import "./saved.js";
import "./tail.js";

const ROWS_MAX = 5000;
const form = document.getElementById("query");
const input = form.elements.q;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  document.dispatchEvent(new CustomEvent("asked", { detail: text }));
  const url = new URL(location.href);
  for (const name of ["q", "call", "before", "view"]) url.searchParams.delete(name);
  if (text) url.searchParams.set("q", text);
  go(url.pathname + url.search);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("#results a[data-swap]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const not = event.altKey && link.parentElement.querySelector("a.less");
  const focus = link.dataset.focus ? `[data-focus="${CSS.escape(link.dataset.focus)}"]` : null;
  go((not || link).getAttribute("href"), { focus });
});

// A chip is its term in the query: a click selects it there.
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-edit]");
  if (!chip) return;
  const at = input.value.indexOf(chip.dataset.edit);
  input.focus();
  if (at < 0) input.select();
  else input.setSelectionRange(at, at + chip.dataset.edit.length);
  input.dispatchEvent(new Event("input"));
});

// Typed and absolute ranges: what the server cannot read is said beside the field.
document.addEventListener("submit", (event) => {
  const range = event.target.closest("form[data-when]");
  if (!range) return;
  event.preventDefault();
  const problem = range.querySelector(".problem");
  problem.hidden = true;
  const url = `${range.getAttribute("action")}?${new URLSearchParams(new FormData(range))}`;
  go(url, { onProblem: (text) => { problem.textContent = text; problem.hidden = false; } });
});

document.addEventListener("change", (event) => {
  const choice = event.target.closest("select[data-submit]");
  if (!choice) return;
  const fields = [...new FormData(choice.form)].filter(([, value]) => value);
  go(`/?${new URLSearchParams(fields)}`).then(() => document.querySelector("select[data-submit]")?.focus());
});

// Older pages are appended as the end of the table comes near; "Load older" stays a plain link for those without scripts.
async function older(link) {
  if (link.dataset.loading) return;
  link.dataset.loading = "1";
  const home = results();
  const fragment = await fetchFragment(link.href, "rows").catch(() => null);
  if (home !== results()) return;
  if (!fragment) {
    delete link.dataset.loading;
    return announce("Older calls could not be loaded");
  }
  const table = document.getElementById("calls");
  table.append(...fragment.querySelectorAll("tbody"));
  link.closest(".more").replaceWith(fragment.querySelector(".more"));
  const count = table.querySelectorAll("tr[data-call]").length;
  document.getElementById("shown")?.replaceChildren(count.toLocaleString("en"));
  document.dispatchEvent(new CustomEvent("rows"));
  // A page of many thousand rows gets slow; from here on the next page begins a new table.
  if (count >= ROWS_MAX) document.querySelector("#results a[data-more]")?.removeAttribute("data-more");
  watch();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#results a[data-more]");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  older(link);
});

const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) if (isIntersecting && target.isConnected) older(target);
}, { rootMargin: "800px" });
function watch() {
  near.disconnect();
  const link = document.querySelector("#results a[data-more]");
  if (link) near.observe(link);
}

document.addEventListener("results", () => {
  const { query, params } = results().dataset;
  if (document.activeElement !== input) input.value = query;
  input.setAttribute("aria-invalid", String(!!results().querySelector("#query-error")));
  form.querySelectorAll("input[type=hidden]").forEach((field) => field.remove());
  for (const [name, value] of new URLSearchParams(params)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  watch();
});
watch();

addEventListener("popstate", () => go(location.pathname + location.search, { push: false }));
