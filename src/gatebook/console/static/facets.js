// Facets: counted when they are opened, searched within, boxes by the space bar; which are open is remembered by this browser.
import { announce, fetchFragment } from "./swap.js";
import { remember } from "./prefer.js";

const WAIT_MS = 180;
let timer = 0;

// The answer is the whole facet's list, with a field to search in it.
async function fill(facet, url, kind = "facet") {
  const fresh = await fetchFragment(url, kind).catch(() => null);
  if (!fresh || !facet.isConnected) return announce("These values could not be counted");
  const typed = facet.querySelector("input[type=search]");
  if (typed && document.activeElement === typed) {
    // Only the list changes under somebody who types.
    facet.querySelector("ul")?.replaceWith(fresh.querySelector("ul"));
    return;
  }
  facet.querySelectorAll(":scope > :not(summary)").forEach((old) => old.remove());
  facet.append(...fresh.childNodes);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-facet-load]");
  if (!link) return;
  event.preventDefault();
  const facet = link.closest("details.facet");
  await fill(facet, link.getAttribute("href"));
  facet.querySelector("input[type=search]")?.focus();
});

document.addEventListener("toggle", (event) => {
  const facet = event.target;
  if (!facet.matches?.("details.facet")) return;
  const open = [...document.querySelectorAll("details.facet[open]")].map((one) => one.dataset.facet);
  remember("facets", open.join(".") || "-");
  const link = facet.open && facet.querySelector(".none a[data-facet-load]");
  if (link) fill(facet, link.getAttribute("href"));
}, true);

document.addEventListener("input", (event) => {
  const field = event.target.closest("details.facet input[type=search]");
  if (!field) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const url = new URL(field.dataset.load, location.href);
    url.searchParams.set("contains", field.value.trim());
    fill(field.closest("details.facet"), url.pathname + url.search);
  }, WAIT_MS);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.("a[role=checkbox]")) return;
  event.preventDefault();
  event.target.click();
});

// On a narrow screen the facets are a sheet over the rows.
export function sheet(open) {
  const button = document.querySelector("[data-sheet]");
  const shown = document.querySelector(".work")?.classList.toggle("sheet", open);
  button?.setAttribute("aria-expanded", String(!!shown));
  if (shown) document.querySelector(".facets summary")?.focus();
  else if (document.querySelector(".facets")?.contains(document.activeElement)) button?.focus();
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) sheet();
  else if (!event.target.closest(".facets") && document.querySelector(".work.sheet")) sheet(false);
});
document.addEventListener("keydown", (event) => event.key === "Escape" && document.querySelector(".work.sheet") && sheet(false));
