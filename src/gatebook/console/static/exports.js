// The exports page: the list renews itself while something is being written, and the estimate comes without a reload.
import { announce, fetchFragment } from "./swap.js";
import { estimateOf } from "./export-estimate.js";

const EVERY_MS = 1000;
const form = document.querySelector("form.order");

form.querySelector("[data-estimate-button]").addEventListener("click", (event) => {
  event.preventDefault();
  estimateOf(form);
});

async function renew() {
  const old = document.getElementById("exports");
  if (old.dataset.unfinished === undefined) return;
  // Somebody is at a button of the list: what they are about to press stays where it is until its state changes.
  const focused = document.activeElement?.getAttribute("aria-label");
  const fresh = await fetchFragment(location.pathname, "exports").catch(() => null);
  if (fresh) {
    old.replaceWith(fresh);
    if (focused) fresh.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
    if (fresh.dataset.unfinished === undefined) announce("Nothing is being written any more");
  }
  setTimeout(renew, EVERY_MS);
}
setTimeout(renew, EVERY_MS);
