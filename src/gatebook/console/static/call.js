// One call, as a page or beside the rows: its parts as tabs that the arrow keys walk, the context when it is asked for, and what can be copied.
// Without this all parts stand below each other and the links between them are anchors.
import "./menus.js";
import { announce, fetchFragment } from "./swap.js";

let chosen = "overview";

export function enhance(root) {
  const list = root.querySelector(".call .parts");
  if (!list || list.role === "tablist") return;
  list.role = "tablist";
  for (const tab of list.children) {
    const panel = panelOf(root, tab);
    tab.role = "tab";
    tab.setAttribute("aria-controls", panel.id || (panel.id = `panel-${nameOf(tab)}`));
    panel.role = "tabpanel";
    panel.setAttribute("aria-labelledby", tab.id);
  }
  const asked = list.querySelector(`[href="#${CSS.escape(location.hash.slice(1))}"]`);
  select(root, asked || list.querySelector(`[href="#${chosen}"]`) || list.children[0], false);
}

const nameOf = (tab) => tab.getAttribute("href").slice(1);
const panelOf = (root, tab) => root.querySelector(`[data-part-of-call="${nameOf(tab)}"]`);

function select(root, tab, focus = true) {
  chosen = nameOf(tab);
  for (const other of tab.parentElement.children) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
    panelOf(root, other).hidden = other !== tab;
  }
  if (focus) tab.focus();
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (chosen === "context") around(panelOf(root, tab));
}

async function around(panel) {
  const waiting = panel.querySelector("[data-waiting]");
  if (!waiting || panel.dataset.busy) return;
  panel.dataset.busy = "1";
  const fragment = await fetchFragment(panel.dataset.source, "context").catch(() => null);
  delete panel.dataset.busy;
  if (!fragment) return announce("The calls around this one could not be loaded");
  waiting.replaceWith(fragment);
  const here = fragment.querySelector(".here");
  const scroller = panel.closest(".drawer, main");
  if (here && scroller) scroller.scrollTop += here.getBoundingClientRect().top - scroller.getBoundingClientRect().top - scroller.clientHeight / 2;
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest(".parts [role=tab]");
  if (!tab || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  select(tab.closest(".call"), tab);
  if (!tab.closest(".drawer")) history.replaceState(null, "", `#${nameOf(tab)}`);
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.(".parts [role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || event.altKey || event.metaKey || event.ctrlKey || !(step || event.key === "Home" || event.key === "End")) return;
  const all = [...tab.parentElement.children];
  const next = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : (all.indexOf(tab) + step + all.length) % all.length;
  event.preventDefault();
  select(tab.closest(".call"), all[next]);
});

// The JSON is the API's own answer, byte for byte; asking for it is a reading of its own.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-copy-url]");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  try {
    const response = await fetch(link.href, { credentials: "same-origin" });
    if (!response.ok) throw new Error(response.status);
    await navigator.clipboard.writeText(await response.text());
    announce("Copied");
  } catch {
    location.href = link.href;
  }
});
document.addEventListener("click", (event) => {
  const menu = event.target.closest(".call .menu [data-copy], .call .menu [data-copy-url]")?.closest(".menu");
  if (menu) setTimeout(() => { menu.open = false; menu.querySelector("summary").focus(); }, 200);
});

// Where there is a query, a filter of the overview is added to it instead of replacing it.
document.addEventListener("click", (event) => {
  const pick = event.target.closest("a.pick[data-term]");
  const field = document.querySelector("#query input[type=search]");
  if (!pick || !field || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(location.href);
  const text = url.searchParams.get("q") ?? "";
  url.searchParams.set("q", `${/\sOR\s/.test(text) ? `(${text})` : text} ${pick.dataset.term}`.trim());
  url.searchParams.delete("before");
  event.preventDefault();
  import("./swap.js").then(({ go }) => go(url.pathname + url.search));
});

// A link to a part, or a step back to one, while the page is open.
addEventListener("hashchange", () => {
  const tab = document.querySelector(`.call-page .parts [href="#${CSS.escape(location.hash.slice(1))}"]`);
  if (tab) select(document, tab, false);
});

if (document.querySelector(".call-page")) enhance(document);
