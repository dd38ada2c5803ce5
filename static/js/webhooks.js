// The webhook box: all and none of the events, and a secret made in the browser.

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
