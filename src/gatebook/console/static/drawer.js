// One call beside the rows: opens it, moves it with j and k, closes it, and gives focus back to the row it came from.
import { enhance } from "./call.js";
import { fetchFragment, results } from "./swap.js";

let serial = 0;
export const opened = () => document.querySelector("#results .drawer:not([hidden])");
export const rows = () => [...document.querySelectorAll("#calls tr[data-call]")];
const rowOf = (id) => rows().find((row) => row.dataset.call === id);

export async function open(id, { focus = true } = {}) {
  const mine = ++serial;
  const fragment = await fetchFragment(`/calls/${id}`, "call").catch(() => null);
  const home = results();
  if (mine !== serial || !home) return;
  if (!fragment) {
    location.href = `/calls/${id}`;
    return;
  }
  const drawer = home.querySelector(".drawer");
  drawer.replaceChildren(fragment);
  enhance(drawer);
  drawer.hidden = false;
  drawer.scrollTop = 0;
  home.querySelector(".work").classList.add("open");
  mark(id);
  remember(id);
  if (focus) drawer.querySelector("h2").focus({ preventScroll: true });
}

export function close() {
  const drawer = opened();
  if (!drawer) return false;
  serial++;
  drawer.hidden = true;
  drawer.replaceChildren();
  results().querySelector(".work").classList.remove("open");
  const row = document.querySelector("#calls tr.on");
  row?.querySelector("a")?.focus();
  remember(null);
  return true;
}

export function mark(id) {
  document.querySelectorAll("#calls tr.on").forEach((row) => row.classList.remove("on"));
  const row = rowOf(id);
  row?.classList.add("on");
  row?.scrollIntoView({ block: "nearest" });
  return row;
}

// The open call is part of the address, so that a reload or a shared link shows it again.
function remember(id) {
  const url = new URL(location.href);
  if (id) url.searchParams.set("call", id);
  else url.searchParams.delete("call");
  history.replaceState(null, "", url);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]") && close()) {
    event.preventDefault();
    return;
  }
  const link = event.target.closest(".drawer [data-open-call]");
  if (link && !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    open(link.dataset.openCall);
    return;
  }
  const row = event.target.closest("#calls tr[data-call]");
  if (!row || event.button || event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection())) return;
  event.preventDefault();
  open(row.dataset.call);
});

const present = () => opened() && enhance(opened());
document.addEventListener("results", present);
present();
