// Keys of all pages: shown by "?", off in fields and with a modifier held, and off altogether when a person says so.
const OFF = "gatebook.keys.off";
const help = document.getElementById("help");
const off = () => localStorage.getItem(OFF) === "1";
const rows = () => [...document.querySelectorAll("tr[data-call], tr[data-record]")];
const current = () => rows().findIndex((row) => row.classList.contains("on") || row.contains(document.activeElement));

async function move(step) {
  const all = rows();
  if (!all.length) return;
  const row = all[Math.max(0, Math.min(all.length - 1, current() + step))];
  all.forEach((other) => other.classList.toggle("on", other === row));
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a")?.focus({ preventScroll: true });
  if (document.querySelector(".drawer:not([hidden])") && row.dataset.call) {
    const drawer = await import("./drawer.js");
    drawer.open(row.dataset.call, { focus: false });
  }
}

const ACTIONS = {
  "/": () => document.querySelector("#query input[type=search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  "?": () => help.showModal(),
  f: () => document.querySelector(".facet a")?.focus(),
  l: () => document.querySelector(".live")?.click(),
  t: () => document.querySelector(".segments [aria-current]")?.focus(),
  y: () => document.querySelector("[data-copy-link]")?.click(),
};

addEventListener("keydown", async (event) => {
  const field = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "Escape") {
    if (field) return field.blur();
    if (!help.open && document.querySelector(".drawer:not([hidden])")) (await import("./drawer.js")).close();
    return;
  }
  if (off() || field || event.metaKey || event.ctrlKey || event.altKey || help.open) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) help.showModal();
  if (event.target.closest("[data-close-help]")) help.close();
});
const choice = document.getElementById("keys-off");
choice.checked = off();
choice.addEventListener("change", () => localStorage.setItem(OFF, choice.checked ? "1" : "0"));
