// Menus: one open at a time, closed by Escape, by a click elsewhere, and by an item that changes this page or opens a
// dialog over it. The focus is then on what opened the menu, since that is still there afterwards.

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
    else if (event.target.closest(".menu-item[hx-get], [hx-post] .menu-item")) leaveMenu(menu);
  }
});

function leaveMenu(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) leaveMenu(menu);
});
