// The menus beside the query: saved searches, saving this one, and the short link to share it.
import { announce, fetchFragment } from "./swap.js";

const REFUSED = "This could not be saved";

document.addEventListener("toggle", async (event) => {
  const menu = event.target;
  if (!menu.matches?.("details[data-menu=saved]") || !menu.open) return;
  const list = await fetchFragment("/saved", "menu").catch(() => null);
  if (list) menu.querySelector("[data-saved-list]").replaceChildren(...list.childNodes);
}, true);

// What the address asks goes with the form, so that what is saved is what is shown.
async function post(form, kind) {
  const body = new URLSearchParams(location.search);
  for (const name of ["call", "before", "view"]) body.delete(name);
  for (const [name, value] of new FormData(form)) body.set(name, value);
  const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": kind }, credentials: "same-origin" }).catch(() => null);
  const problem = form.querySelector(".problem");
  const told = answer?.headers.get("X-Fragment") === "problem";
  const refused = told || !answer?.ok;
  problem.hidden = !refused;
  if (refused) problem.textContent = told ? await answer.text() : REFUSED;
  return refused ? null : answer;
}

document.addEventListener("submit", async (event) => {
  const save = event.target.closest("form[data-save]");
  const share = event.target.closest("form[data-share]");
  if (!save && !share) return;
  event.preventDefault();
  const answer = await post(save ?? share, save ? "saved" : "share");
  if (!answer) return;
  if (save) {
    announce("Saved");
    save.reset();
    const menu = save.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  share.after(page.body.firstElementChild);
  share.hidden = true;
  share.nextElementSibling.querySelector("input").select();
  announce("The link is ready");
});

// A link belongs to the question that was shown when it was made.
document.addEventListener("results", () => {
  const form = document.querySelector("form[data-share]");
  form?.nextElementSibling?.remove();
  if (form) form.hidden = false;
});
