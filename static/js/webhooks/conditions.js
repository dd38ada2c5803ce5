// Conditions of a filter, added and removed without asking the server.

import { markTouched } from "../site/forms.js";

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add-condition]");
  const remove = event.target.closest("[data-remove-condition]");
  if (!add && !remove) return;
  event.preventDefault();
  const rows = (add || remove).closest("[data-filter]").querySelector("[data-condition-rows]");
  if (add) addCondition(rows);
  if (remove) removeCondition(rows, remove.closest("[data-condition-row]"));
  markTouched((add || remove).form);
  // What they are tried on depends on which there are.
  if (remove) rows.dispatchEvent(new Event("change", { bubbles: true }));
});

function addCondition(rows) {
  const last = rows.lastElementChild;
  // The empty row at the end is the one that was asked for.
  if (!isEmpty(last)) {
    rows.append(last.cloneNode(true));
    empty(rows.lastElementChild);
  }
  rows.lastElementChild.querySelector("input").focus();
}

function removeCondition(rows, row) {
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  if (neighbour) row.remove();
  else empty(row);
  (neighbour ?? row).querySelector("input").focus();
}

function isEmpty(row) {
  return [...row.querySelectorAll("input")].every((input) => !input.value.trim());
}

function empty(row) {
  row.querySelector(".field-error")?.remove();
  for (const input of row.querySelectorAll("input")) {
    input.value = "";
    for (const name of ["id", "aria-invalid", "aria-describedby", "autofocus", "data-focus"]) input.removeAttribute(name);
  }
  row.querySelector("select").selectedIndex = 0;
}
