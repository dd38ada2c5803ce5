// The numbers of the template's lines, with the one that is wrong, and that something is.

import { source } from "./typing.js";

function drawLines() {
  const field = source();
  if (!field) return;
  const gutter = field.closest("[data-editor]").querySelector("[data-editor-lines]");
  const wrong = Number(document.querySelector("#preview [data-error-line]")?.dataset.errorLine ?? 0);
  const count = field.value.split("\n").length;
  if (gutter.childElementCount !== count || gutter.dataset.wrong !== String(wrong)) {
    gutter.dataset.wrong = wrong;
    gutter.replaceChildren(...Array.from({ length: count }, (_, index) => lineNumber(index + 1, wrong)));
  }
  if (wrong) field.setAttribute("aria-invalid", "true");
  else if (!document.getElementById("payloadTemplate-error")) field.removeAttribute("aria-invalid");
  gutter.scrollTop = field.scrollTop;
}

function lineNumber(number, wrong) {
  const node = document.createElement("span");
  node.textContent = number;
  if (number === wrong) node.className = "editor-wrong";
  return node;
}

document.addEventListener("input", (event) => {
  if (event.target === source()) {
    // What saving said is out of date; the preview speaks from now on.
    document.getElementById("payloadTemplate-error")?.remove();
    drawLines();
  }
});
document.addEventListener("scroll", (event) => event.target === source() && drawLines(), true);
document.body.addEventListener("htmx:afterSettle", drawLines);
drawLines();

// For who does not see it: once, not with every preview. The field's description has it.
function sayProblems() {
  const status = document.querySelector("[data-preview-status]");
  if (!status) return;
  const said = document.querySelector("#preview [data-says]")?.dataset.says ?? "";
  if (status.textContent !== said) status.textContent = said;
}

document.body.addEventListener("htmx:afterSettle", sayProblems);
sayProblems();
