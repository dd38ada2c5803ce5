// The list of variables: picked, searched, and put in place of one that is misspelt.

import { insert, insertVariable, source } from "./typing.js";

function shown(list) {
  return [...list.querySelectorAll("[data-insert]")].filter((button) => !button.closest("[hidden]"));
}

function pick(button) {
  insertVariable(button.dataset.insert);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) pick(button);
  const better = event.target.closest("[data-replace-with]");
  if (better) replace(better.dataset);
});

// Of a path its end is found here, of anything else the number of characters is given.
function replace({ replaceLine, replaceColumn, replaceSpan, replaceWith }) {
  const field = source();
  const before = field.value.split("\n").slice(0, replaceLine - 1).join("\n").length + (replaceLine > 1 ? 1 : 0);
  // Columns count characters, of which some take two places in a string here.
  const line = [...field.value.slice(before)].slice(0, replaceColumn - 1).join("");
  const start = before + line.length;
  const length = replaceSpan
    ? [...field.value.slice(start)].slice(0, replaceSpan).join("").length
    : (field.value.slice(start).match(/^(?:\[[^\]]*\]|[^\s=~})(|])+/)?.[0].length ?? 0);
  field.setSelectionRange(start, start + length);
  insert(field, replaceWith);
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-variable-search]")) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const list = event.target.closest("[data-variables]");
  for (const row of list.querySelectorAll("[data-variable]")) {
    row.hidden = !words.every((word) => row.dataset.search.includes(word));
  }
  for (const group of list.querySelectorAll("[data-variable-group]")) {
    group.hidden = !group.querySelector("[data-variable]:not([hidden])");
  }
  list.querySelector("[data-nothing-found]").hidden = shown(list).length > 0;
});

document.addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-variables]");
  const isSearch = event.target.matches("[data-variable-search]");
  if (!list || (!isSearch && !event.target.matches("[data-insert]"))) return;
  const buttons = shown(list);
  const at = buttons.indexOf(event.target);
  if (event.key === "Enter" && isSearch) {
    event.preventDefault(); // Never the form's own button.
    if (buttons.length) pick(buttons[0]);
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
  } else if (event.key === "ArrowUp") {
    event.preventDefault();
    (buttons[at - 1] ?? list.querySelector("[data-variable-search]")).focus();
  }
});
