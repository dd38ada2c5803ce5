// The webhook box: all and none of the events, a secret made in the browser, what came back from the ping test.

import { markTouched } from "../site/forms.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-check-all], [data-check-none], [data-generate]");
  if (!button) return;
  if (button.dataset.generate) {
    event.preventDefault();
    return generate(document.querySelector(button.dataset.generate), button.dataset);
  }
  const name = button.dataset.checkAll || button.dataset.checkNone;
  for (const box of button.form.querySelectorAll(`input[name="${name}"]`)) box.checked = Boolean(button.dataset.checkAll);
  markTouched(button.form);
});

function generate(field, { prefix, bytes }) {
  const random = crypto.getRandomValues(new Uint8Array(Number(bytes)));
  field.value = prefix + btoa(String.fromCharCode(...random));
  markTouched(field.form);
  field.focus();
  field.select();
}

// What came back stands below the button, where a small box does not reach.
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "ping-result") event.target.firstElementChild?.scrollIntoView({ block: "nearest" });
});
