// Long work of the server, in the part of the page that has its name: begun by a form, followed until it has a result. Without it pages do the same.
import { announce, fetchFragment } from "./swap.js";

const EVERY_MS = 500;
const begun = {};

function show(name, fresh) {
  const old = document.getElementById(name);
  const held = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (held) {
    fresh.tabIndex = -1;
    fresh.focus();
  }
  if (fresh.dataset.running === undefined) announce(fresh.dataset.summary);
}

// While it runs only the bar moves, so that nobody loses their place. Work that is begun meanwhile ends the older watch.
export async function follow(name, mine = begun[name]) {
  const now = document.getElementById(name);
  const at = now?.dataset.running;
  if (!at || mine !== begun[name]) return;
  const fresh = await fetchFragment(at, name).catch(() => null);
  if (mine !== begun[name]) return;
  if (fresh?.dataset.running) now.querySelector("progress").value = fresh.querySelector("progress").value;
  else if (fresh) show(name, fresh);
  setTimeout(follow, EVERY_MS, name, mine);
}

// Sends the form of a button to its address; true when the work began. Throws what the server said when it did not.
export async function begin(name, button) {
  const mine = (begun[name] = (begun[name] ?? 0) + 1);
  button.disabled = true;
  try {
    const fields = new URLSearchParams(new FormData(button.form));
    const fresh = await fetchFragment(button.getAttribute("formaction"), name, undefined, fields);
    if (!fresh || mine !== begun[name]) return false;
    show(name, fresh);
    if (fresh.dataset.running !== undefined) announce(fresh.dataset.summary);
    follow(name);
    return true;
  } finally {
    button.disabled = false;
    button.focus();
  }
}
