// Replaces the results with the server's fragment for another address; the address stays the only state.
const DIM_AFTER_MS = 150;
let running = null;
let serial = 0;

export const results = () => document.getElementById("results");

// Asks for a fragment. Answers the element, or null when a newer request took over or the browser is leaving the page.
export async function fetchFragment(url, kind, signal) {
  const response = await fetch(url, { headers: { "X-Fragment": kind }, signal, credentials: "same-origin" });
  if (response.status === 401) {
    location.href = "/sign-in";
    return null;
  }
  if (response.headers.get("X-Fragment") !== kind) {
    const name = response.headers.get("X-Request-Id");
    throw new Error(`The server answered ${response.status}.${name ? ` Request ${name}.` : ""}`);
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.body.firstElementChild;
}

export async function go(url, { push = true, focus = null } = {}) {
  running?.abort();
  running = new AbortController();
  const mine = ++serial;
  const old = results();
  const dim = setTimeout(() => old.classList.add("dim"), DIM_AFTER_MS);
  try {
    const fresh = await fetchFragment(url, "results", running.signal);
    if (!fresh || mine !== serial) return;
    if (push) history.pushState(null, "", url);
    old.querySelector("#query-error")?.remove();
    const wrong = fresh.querySelector("#query-error");
    if (wrong && old.querySelector("#calls")) {
      // The last good result stays; the banner says what was expected and where.
      old.querySelector(".bar").after(wrong);
      document.querySelector("#query input[type=search]").setAttribute("aria-invalid", "true");
      return;
    }
    old.replaceWith(fresh);
    document.dispatchEvent(new CustomEvent("results"));
    announce(fresh.dataset.summary);
    if (focus) document.querySelector(focus)?.focus();
  } catch (error) {
    if (error.name !== "AbortError") failed(url, error);
  } finally {
    clearTimeout(dim);
    old.classList.remove("dim");
  }
}

export function announce(text) {
  document.getElementById("announce").textContent = text ?? "";
}

// The last good rows stay; the banner says what happened and offers to try again.
function failed(url, error) {
  const banner = document.getElementById("failed");
  banner.querySelector("p").textContent = `The results could not be loaded: ${error.message}`;
  banner.querySelector("a").href = url;
  banner.hidden = false;
  results().prepend(banner);
}
