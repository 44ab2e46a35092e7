// On every page: theme switch, copy buttons, the proof button. Keys are in keys.js.
import { announce, fetchFragment } from "./swap.js";
import "./keys.js";
import { remember } from "./prefer.js";

const root = document.documentElement;

// A cookie, not local storage: the server then paints the first page in the right colours.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-link], [data-copy-from]");
  if (!button) return;
  event.preventDefault();
  const { copy, copyLink, copyFrom } = button.dataset;
  const text = copyLink ? new URL(copyLink, location.href).href : copyFrom ? document.getElementById(copyFrom).textContent : copy;
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    button.dataset.done = "";
    const label = button.querySelector(".label");
    if (label) {
      const before = label.textContent;
      label.textContent = "Copied";
      setTimeout(() => { label.textContent = before; }, 1500);
    }
  } catch {
    announce("The browser does not allow copying here");
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-proof]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const url = `${form.getAttribute("action").split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
  const fragment = await fetchFragment(url, "proof").catch(() => null);
  if (!fragment) {
    location.href = url;
    return;
  }
  form.closest("section").replaceWith(fragment);
  announce(fragment.querySelector("strong")?.textContent);
  fragment.querySelector("button")?.focus();
});

// Tells the server that scripts run here: then it sends the rows first and lets the rest be fetched.
remember("scripts", "1");

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-rail]")) return;
  const shell = document.querySelector(".shell");
  if (matchMedia("(max-width: 1023px)").matches) {
    shell.classList.toggle("sheet");
    return;
  }
  remember("rail", shell.classList.toggle("slim") ? "slim" : "");
});

// The server writes all times, so a change of the zone is a new page.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zone]");
  if (!button) return;
  remember("zone", button.dataset.zone === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC");
  location.reload();
});
