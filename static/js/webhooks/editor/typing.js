// Typing a template: Tab indents, Escape lets Tab go on, and a variable goes where the cursor is.

const INDENT = "  ";

export const source = () => document.querySelector("[data-editor] textarea");

let taker = null; // What a variable goes into: the template, or the header value that had the focus last.
let leavesWithTab = false;

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
export function insert(field, text) {
  field.focus();
  if (!document.execCommand?.("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

export function insertVariable(text) {
  insert(taker?.isConnected ? taker : source(), text);
}
