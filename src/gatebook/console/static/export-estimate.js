// Asks how large an export of a form would be, and shows it in that form. Each such question is on the record, so it is asked when somebody wants to know.
import { fetchFragment } from "./swap.js";

let serial = 0;

export async function estimateOf(form) {
  const mine = ++serial;
  const place = form.querySelector("[data-estimate]");
  place.textContent = "Counting…";
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("csrf");
  const fresh = await fetchFragment(`/exports?${fields}`, "estimate").catch(() => null);
  if (mine !== serial) return;
  if (fresh) place.replaceWith(fresh);
  else place.textContent = "It cannot be estimated now; it can be started all the same.";
}
