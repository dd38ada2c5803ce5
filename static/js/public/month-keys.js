// Arrow keys in the month.

import { booker } from "./booker.js";

document.addEventListener("keydown", (event) => {
  const day = event.target.closest?.("a.day");
  if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
  const arrow = { PageUp: "month-previous", PageDown: "month-next" }[event.key];
  const next = arrow ? null : neighbour(day, event.key);
  if (!arrow && !next) return;
  event.preventDefault();
  if (arrow) document.getElementById(arrow)?.click();
  else next.focus();
});

function neighbour(day, key) {
  const days = [...booker().querySelectorAll("a.day")];
  const at = days.indexOf(day);
  const column = (link) => link.parentElement.cellIndex;
  if (key === "ArrowRight") return days[at + 1];
  if (key === "ArrowLeft") return days[at - 1];
  if (key === "ArrowDown") return days.slice(at + 1).find((other) => column(other) === column(day));
  if (key === "ArrowUp") return days.slice(0, at).findLast((other) => column(other) === column(day));
}
