// Menus are <details>: one is open at a time, Escape and a click elsewhere close it, and its summary has the focus again.
const open = () => [...document.querySelectorAll("details.menu[open]")];

function close(menu, focus) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) close(menu, false);
});
// Before the keys of the page, which close the drawer.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open().length) return;
  for (const menu of open()) close(menu, menu.contains(document.activeElement));
  event.stopImmediatePropagation();
  event.preventDefault();
}, true);
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details.menu") || !menu.open) return;
  for (const other of open()) if (other !== menu && !other.contains(menu)) close(other, false);
  if (menu.querySelector(".panel")?.contains(document.activeElement)) return;
  menu.querySelector(".panel [autofocus], .panel input:not([type=hidden]), .panel a, .panel button")?.focus();
}, true);

export function openMenu(name) {
  const menu = document.querySelector(`details.menu[data-menu="${name}"]`);
  if (menu) menu.open = true;
  return menu;
}
