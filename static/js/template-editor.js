// The template's editor in the webhook box: line numbers, the marked line, Tab, and variables at the cursor.
// The box comes and goes with the modal, so everything listens at the document.

const INDENT = "  ";

const editor = () => document.querySelector("[data-editor]");
const source = () => editor()?.querySelector("textarea");

let taker = null; // What a variable goes into: the template, or the header value that had the focus last.
let leavesWithTab = false;

// --- Line numbers, with the one that is wrong ------------------------------------------------------------------------

function drawLines() {
  const field = source();
  if (!field) return;
  const gutter = editor().querySelector("[data-editor-lines]");
  const wrong = Number(document.querySelector("#preview [data-error-line]")?.dataset.errorLine ?? 0);
  const count = field.value.split("\n").length;
  if (gutter.childElementCount !== count || gutter.dataset.wrong !== String(wrong)) {
    gutter.dataset.wrong = wrong;
    gutter.replaceChildren(
      ...Array.from({ length: count }, (_, index) => {
        const number = document.createElement("span");
        number.textContent = index + 1;
        if (index + 1 === wrong) number.className = "editor-wrong";
        return number;
      }),
    );
  }
  if (wrong) field.setAttribute("aria-invalid", "true");
  else if (!document.getElementById("payloadTemplate-error")) field.removeAttribute("aria-invalid");
  gutter.scrollTop = field.scrollTop;
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

// --- That something is wrong, for who does not see it: once, not with every preview. The field's description has it. --

function sayProblems() {
  const status = document.querySelector("[data-preview-status]");
  if (!status) return;
  const said = document.querySelector("#preview [data-says]")?.dataset.says ?? "";
  if (status.textContent !== said) status.textContent = said;
}

document.body.addEventListener("htmx:afterSettle", sayProblems);
sayProblems();

// --- Keys ------------------------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.target !== source()) return;
  if (event.key === "Escape" && !leavesWithTab) {
    event.preventDefault(); // The second Escape closes the box.
    leavesWithTab = true;
  } else if (event.key === "Tab" && !event.shiftKey && !leavesWithTab && !event.altKey && !event.ctrlKey) {
    event.preventDefault();
    insert(event.target, INDENT);
  } else if (event.key !== "Tab" && event.key !== "Shift" && event.key !== "Escape") {
    leavesWithTab = false;
  }
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-takes-variables], [name=headerValue]")) {
    taker = event.target;
    leavesWithTab = false;
  }
});

// The browser's own way of typing keeps Undo; where it is gone, the text is put in all the same.
function insert(field, text) {
  field.focus();
  if (!document.execCommand?.("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// --- Variables -------------------------------------------------------------------------------------------------------

function shown(list) {
  return [...list.querySelectorAll("[data-insert]")].filter((button) => !button.closest("[hidden]"));
}

function pick(button) {
  insert(taker?.isConnected ? taker : source(), button.dataset.insert);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) pick(button);
  const better = event.target.closest("[data-replace-with]");
  if (better) replacePath(better.dataset);
});

function replacePath({ replaceLine, replaceColumn, replaceWith }) {
  const field = source();
  const before = field.value.split("\n").slice(0, replaceLine - 1).join("\n").length + (replaceLine > 1 ? 1 : 0);
  // Columns count characters, of which some take two places in a string here.
  const line = [...field.value.slice(before)].slice(0, replaceColumn - 1).join("");
  const start = before + line.length;
  const length = field.value.slice(start).match(/^(?:\[[^\]]*\]|[^\s=~})(|])+/)?.[0].length ?? 0;
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
