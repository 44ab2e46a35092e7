// Replaces the results with the server's fragment for another address; the address stays the only state.
const DIM_AFTER_MS = 150;
let running = null;
let serial = 0;

export const results = () => document.getElementById("results");

// Asks for a fragment, with the fields of a form where `body` holds them. Answers its element and final address, or null when the browser is leaving the page.
async function load(url, kind, signal, body) {
  const response = await fetch(url, { method: body ? "POST" : "GET", body, headers: { "X-Fragment": kind }, signal, credentials: "same-origin" });
  if (response.status === 401) {
    location.href = `/login?return_to=${encodeURIComponent(location.pathname + location.search)}`;
    return null;
  }
  const kindGot = response.headers.get("X-Fragment");
  const page = kindGot ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  if (kindGot === "problem") throw new Error(page.body.textContent.trim());
  if (kindGot !== kind) {
    const name = response.headers.get("X-Request-Id");
    throw new Error(`The server answered ${response.status}.${name ? ` Request ${name}.` : ""}`);
  }
  return { element: page.body.firstElementChild, url: response.url };
}

export async function fetchFragment(url, kind, signal, body) {
  return (await load(url, kind, signal, body))?.element ?? null;
}

// Swaps the results. `onProblem` takes what the server finds wrong with what was asked; else it stands in a banner.
export async function go(url, { push = true, focus = null, onProblem = null } = {}) {
  running?.abort();
  running = new AbortController();
  const mine = ++serial;
  const old = results();
  const held = focus ?? place(document.activeElement, old);
  const asking = openMenu(old);
  const dim = setTimeout(() => old.classList.add("dim"), DIM_AFTER_MS);
  try {
    const got = await load(url, "results", running.signal);
    if (!got || mine !== serial) return false;
    if (push && got.url !== location.href) history.pushState(null, "", got.url);
    const [menu, field] = [openMenu(old), document.activeElement];
    show(old, got.element, held);
    if (menu !== asking) carry(menu, field);
    return true;
  } catch (error) {
    if (error.name !== "AbortError") (onProblem ?? ((text) => failed(url, text)))(error.message);
    return false;
  } finally {
    clearTimeout(dim);
    old.classList.remove("dim");
  }
}

function show(old, fresh, held) {
  old.querySelector("#query-error")?.remove();
  const wrong = fresh.querySelector("#query-error");
  if (wrong && old.querySelector("#calls")) {
    // The last good result stays; the banner says what was expected and where.
    old.querySelector(".bar").after(wrong);
    document.querySelector("#query input[name=q]").setAttribute("aria-invalid", "true");
    announce(wrong.textContent.trim());
    return;
  }
  // Parts that are still being asked show what they showed before, so that nothing jumps.
  for (const part of fresh.querySelectorAll("[data-load]")) {
    const before = old.querySelector(`[data-part="${part.dataset.part}"]:not([data-load])`);
    if (!before || part.dataset.part === "count") continue;
    part.replaceChildren(...before.childNodes);
    part.classList.add("stale");
  }
  const scroll = old.querySelector(".facets")?.scrollTop ?? 0;
  old.replaceWith(fresh);
  if (scroll) fresh.querySelector(".facets")?.scrollTo(0, scroll);
  document.dispatchEvent(new CustomEvent("results"));
  announce(fresh.dataset.summary);
  if (held) (document.querySelector(held) ?? fresh.querySelector(".rows"))?.focus({ preventScroll: true });
}

// How to find what has the focus again, or what stands for it, after a swap; null when it is not in the results.
function place(element, home) {
  if (!home?.contains(element)) return null;
  const marked = element.closest("[data-focus]");
  if (marked) return `[data-focus="${CSS.escape(marked.dataset.focus)}"]`;
  const row = element.closest("tr[data-call]");
  if (row) return `tr[data-call="${row.dataset.call}"] .c-time a`;
  return element.closest(".canvas") ? ".canvas a.col[tabindex='0']" : ".rows";
}

export const openMenu = (home) => home.querySelector("details.menu[open]");

// A menu that was opened while the answer was on its way stays open, with what was typed and where.
export function carry(old, field) {
  if (!old) return;
  const fresh = results().querySelector(`details.menu[data-menu="${old.dataset.menu}"]`);
  if (!fresh) return;
  fresh.open = true;
  const fields = [...fresh.querySelectorAll("input:not([type=hidden])")];
  old.querySelectorAll("input:not([type=hidden])").forEach((other, index) => {
    if (!fields[index]) return;
    fields[index].value = other.value;
    if (other === field) fields[index].focus({ preventScroll: true });
  });
}

export function announce(text) {
  document.getElementById("announce").textContent = text ?? "";
}

// The last good rows stay; the banner says what happened and offers to try again.
function failed(url, text) {
  const banner = document.getElementById("failed");
  banner.querySelector("p").textContent = `The results could not be loaded: ${text}`;
  banner.querySelector("a").href = url;
  banner.hidden = false;
  results().prepend(banner);
}
