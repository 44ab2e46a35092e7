// Parts that the server sent later than the rows, or that failed: fetched by themselves, from the same snapshot as the rows.
import { announce, carry, fetchFragment, openMenu, results } from "./swap.js";
import { putBack } from "./legend.js";

let leaving = new AbortController();

async function load(part) {
  const home = results();
  const { part: name, load: url } = part.dataset;
  try {
    const fresh = await fetchFragment(url, name, leaving.signal);
    if (fresh && home === results() && part.isConnected) place(part, fresh);
  } catch (error) {
    if (home !== results()) return;
    part.classList.remove("stale");
    part.removeAttribute("aria-busy");
    announce(`A part could not be loaded: ${error.message}`);
  }
}

export function place(old, fresh) {
  if (fresh.dataset.part === "count") {
    const shown = document.querySelectorAll("#calls tr[data-call]").length;
    if (shown && fresh.querySelector("#shown")) fresh.querySelector("#shown").textContent = shown.toLocaleString("en");
  }
  const focus = old.contains(document.activeElement) ? document.activeElement.closest("[data-focus]")?.dataset.focus : null;
  const scroll = old.scrollTop;
  const [menu, field] = [openMenu(old), document.activeElement];
  old.replaceWith(fresh);
  fresh.scrollTop = scroll;
  carry(menu, field);
  if (focus) fresh.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  putBack();
  stand();
}

// The footer says as of which record all this is; the count carries it.
function stand() {
  const shown = document.getElementById("standing");
  const text = document.querySelector("#results .count")?.dataset.standing ?? "";
  shown.textContent = text;
  shown.hidden = !text;
}

const loadAll = () => document.querySelectorAll("#results [data-load]").forEach(load);
document.addEventListener("results", () => {
  // What the old results still ask nobody will see: their questions end on the server too.
  leaving.abort();
  leaving = new AbortController();
  loadAll();
});
document.addEventListener("results", stand);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-retry]");
  if (!link) return;
  event.preventDefault();
  const part = link.closest("[data-part]");
  part.dataset.load = link.getAttribute("href");
  load(part);
});
loadAll();
