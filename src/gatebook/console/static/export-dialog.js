// The explorer's Export button: a dialog instead of the page that its link leads to.
import { estimateOf } from "./export-estimate.js";

const dialog = document.getElementById("export");
const form = dialog.querySelector("form");

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-export]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const asked = new URL(link.href).searchParams;
  const hidden = form.querySelector("[data-export-hidden]");
  hidden.replaceChildren();
  for (const [name, value] of asked) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    hidden.append(field);
  }
  form.querySelector("[data-export-query]").textContent = asked.get("q") || "every call that you may read";
  const results = link.closest("#results");
  form.querySelector("[data-export-range]").textContent = results?.dataset.summary ?? "";
  dialog.showModal();
  estimateOf(form);
});

form.addEventListener("change", () => estimateOf(form));
form.querySelector("[data-export-close]").addEventListener("click", () => dialog.close());
