// The webhook box: all and none of the events, a secret made in the browser, rows for headers, presets, the ping test.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-check-all], [data-check-none], [data-generate]");
  if (!button) return;
  if (button.dataset.generate) {
    event.preventDefault();
    return generate(document.querySelector(button.dataset.generate));
  }
  const name = button.dataset.checkAll || button.dataset.checkNone;
  for (const box of button.form.querySelectorAll(`input[name="${name}"]`)) box.checked = Boolean(button.dataset.checkAll);
  button.form.setAttribute("data-touched", "");
});

function generate(field) {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  field.value = `whsec_${btoa(String.fromCharCode(...bytes))}`;
  field.form.setAttribute("data-touched", "");
  field.focus();
  field.select();
}

// --- Headers -------------------------------------------------------------------------------------------------------

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
    remove.form.setAttribute("data-touched", "");
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

// --- Presets -------------------------------------------------------------------------------------------------------

// Pasting the address of a known service offers its preset.
document.addEventListener("input", (event) => {
  if (event.target.name !== "subscriberUrl") return;
  const known = [...event.target.form.querySelectorAll("[data-url]")];
  const found = known.find((button) => new RegExp(button.dataset.url).test(event.target.value.trim()));
  const hint = event.target.form.querySelector("[data-preset-hint]");
  const offer = hint.querySelector("button");
  hint.firstElementChild.hidden = !found;
  if (!found) return;
  hint.querySelector("[data-preset-name]").textContent = found.dataset.label;
  offer.value = found.value;
});

// What was written by hand is not given up without a word.
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest("button[name=preset]");
    const template = button?.form.elements.payloadTemplate;
    if (!template || template.value === template.defaultValue) return;
    if (!confirm("Replace the template that you have written?")) event.preventDefault();
  },
  true,
);

// --- Ping test -----------------------------------------------------------------------------------------------------

// What came back stands below the button, where a small box does not reach.
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "ping-result") event.target.firstElementChild?.scrollIntoView({ block: "nearest" });
});
