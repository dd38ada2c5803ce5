// Presets: offered for an address that is known, and asked for before they replace a template.

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
    if (!confirm(template.dataset.asksToReplace)) event.preventDefault();
  },
  true,
);
