// The command palette: pages, saved searches and actions, found by typing. What it lists was rendered by the server; picking clicks it.
import { fetchFragment } from "./swap.js";
import { act } from "./keys.js";

const dialog = document.getElementById("palette");
const field = dialog.querySelector("input");
const list = dialog.querySelector("[role=listbox]");
const all = () => [...list.querySelectorAll("[role=option]")];
const shown = () => all().filter((option) => !option.hidden);
let loaded = false;

function mark(option) {
  for (const other of all()) other.setAttribute("aria-selected", String(other === option));
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

// Every word that is typed must stand somewhere in the option.
function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of all()) option.hidden = !words.every((word) => option.textContent.toLowerCase().includes(word));
  mark(shown()[0]);
}

function pick(option) {
  dialog.close();
  if (option.dataset.does) act(option.dataset.does);
  else if (option.dataset.click) document.querySelector(option.dataset.click)?.click();
  else location.href = option.dataset.href;
}

export async function open() {
  if (dialog.open) return;
  dialog.showModal();
  field.value = "";
  filter();
  if (loaded) return;
  loaded = true;
  const more = await fetchFragment("/palette", "palette").catch(() => null);
  if (!more) return;
  list.append(...more.childNodes);
  filter();
}

field.addEventListener("input", filter);
field.addEventListener("keydown", (event) => {
  const options = shown();
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") mark(options[(at + 1) % options.length]);
  else if (event.key === "ArrowUp") mark(options.at((at - 1) % options.length));
  else if (event.key === "Enter" && options[at]) pick(options[at]);
  else return;
  event.preventDefault();
});
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) pick(option);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
