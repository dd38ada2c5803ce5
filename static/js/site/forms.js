// Forms: where the reader begins, sending once, and whether anything was typed that is not saved yet.

const SENT_ONCE_MS = 4000;

export function markTouched(form) {
  form?.setAttribute("data-touched", "");
}

export function hasTouchedForm(box) {
  return box.querySelector("form[data-touched]") !== null;
}

// A whole page that came back with errors: begin where the first one is.
(document.querySelector('main [aria-invalid="true"]') || document.querySelector("main [data-error-summary]"))?.focus();

// Following a link of the summary must not change the address, which belongs to the box's history.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-error-summary] a[href^='#']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus();
});

// Pressing twice must not send twice; the server has the last word.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.matches("[hx-post], [data-resubmit]")) return;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method !== "post") return;
  form.dataset.sent = "y";
  setTimeout(() => delete form.dataset.sent, SENT_ONCE_MS);
});
