// Rows for headers, added and removed without asking the server.

import { markTouched } from "../site/forms.js";

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add-header]");
  const remove = event.target.closest("[data-remove-header]");
  if (add) {
    event.preventDefault();
    addHeader(add.closest("fieldset").querySelector("[data-header-rows]"));
  }
  if (remove) {
    const row = remove.closest("[data-header-row]");
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    markTouched(remove.form);
    if (neighbour) row.remove();
    else empty(row);
    (neighbour ?? row).querySelector("input").focus();
  }
});

function addHeader(rows) {
  rows.append(rows.lastElementChild.cloneNode(true));
  empty(rows.lastElementChild);
  rows.lastElementChild.querySelector("input").focus();
}

function empty(row) {
  row.querySelector(".field-error")?.remove();
  for (const input of row.querySelectorAll("input")) {
    input.value = "";
    for (const name of ["id", "aria-invalid", "aria-describedby"]) input.removeAttribute(name);
  }
  row.querySelector("select").value = "";
  row.querySelector("[name=headerValue]").placeholder = "";
}
