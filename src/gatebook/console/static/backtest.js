// A backtest: begun from the form that holds the draft, followed until it has a result. Without it the button leads to a page that does the same.
import { announce, fetchFragment } from "./swap.js";

const EVERY_MS = 700;
const KIND = "backtest";
let serial = 0;

function show(fresh) {
  const old = document.getElementById("backtest");
  const held = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (held) {
    fresh.tabIndex = -1;
    fresh.focus();
  }
  if (fresh.dataset.running === undefined) announce(fresh.dataset.summary);
}

// While it runs only the bar moves, so that nobody loses their place. A new one begun meanwhile ends the older watch.
async function follow(mine) {
  const now = document.getElementById("backtest");
  const at = now?.dataset.running;
  if (!at || mine !== serial) return;
  const fresh = await fetchFragment(at, KIND).catch(() => null);
  if (mine !== serial) return;
  if (fresh?.dataset.running) now.querySelector("progress").value = fresh.querySelector("progress").value;
  else if (fresh) show(fresh);
  setTimeout(follow, EVERY_MS, mine);
}

async function begin(button) {
  const mine = ++serial;
  button.disabled = true;
  try {
    const fields = new URLSearchParams(new FormData(button.form));
    const fresh = await fetchFragment(button.getAttribute("formaction"), KIND, undefined, fields);
    if (!fresh || mine !== serial) return;
    show(fresh);
    announce(fresh.dataset.summary);
    follow(mine);
  } catch (error) {
    announce(error.message);
  } finally {
    button.disabled = false;
    button.focus();
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-backtest]");
  if (!button) return;
  event.preventDefault();
  begin(button);
});
follow(serial);
