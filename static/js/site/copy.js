// Copy buttons.

import { modal } from "./modal.js";
import { toast } from "./toasts.js";

const SHOWN_MS = 1600;

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without https: fall back to a selection.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    (modal.open ? modal : document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-text]");
  if (!button) return;
  const source = button.dataset.copy && document.querySelector(button.dataset.copy);
  const text = source ? (source.value ?? source.textContent) : button.dataset.copyText;
  if (!text) return;
  await copy(text);
  button.focus();
  sayCopied(button);
});

function sayCopied(button) {
  const label = button.querySelector("[data-copy-label]");
  const before = label?.dataset.before ?? label?.textContent;
  if (label) {
    label.dataset.before = before;
    label.textContent = button.dataset.copied;
  } else {
    toast(button.dataset.copied);
  }
  button.classList.add("is-copied");
  setTimeout(() => {
    button.classList.remove("is-copied");
    if (label) label.textContent = before;
  }, SHOWN_MS);
}
