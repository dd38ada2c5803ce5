// What happens around each step of the booking. Before it, nothing that is about to change can be pressed; after it, the
// focus goes to what is new, and a screen reader hears of it.

import { toast } from "../site/toasts.js";
import { booker, settings } from "./booker.js";

let step = null;
let latest = null;
let thaw = () => {};

function freeze(link) {
  const main = booker();
  const days = [...main.querySelectorAll('a[data-testid="day"]')];
  const chosen = main.querySelector("[aria-current]");
  const times = main.querySelector(".times");
  main.setAttribute("aria-busy", "true");
  if (link.matches("a.day")) {
    chosen?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    times.hidden = true;
  } else {
    for (const day of days) day.dataset.disabled = "true";
  }
  return () => {
    main.removeAttribute("aria-busy");
    times?.removeAttribute("hidden");
    link.removeAttribute("aria-current");
    chosen?.setAttribute("aria-current", "true");
    for (const day of days) day.dataset.disabled = "false";
  };
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== booker()) return;
  step = event.detail.elt;
  latest = event.detail.requestConfig;
  thaw = booker().contains(step) && step.matches("a") ? freeze(step) : () => {};
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig === latest) thaw();
});

// An answer that was overtaken by a later step is left aside, and a page that says to wait becomes a message.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "booker") return;
  if (event.detail.requestConfig !== latest) event.detail.shouldSwap = false;
  if (event.detail.xhr.status !== 429) return;
  event.detail.shouldSwap = false;
  toast(settings().tooManyTries, "danger");
});

function focusNew() {
  const main = booker();
  const wrong = main.querySelector('[aria-invalid="true"]') ?? main.querySelector("[data-error-summary]");
  const empty = main.querySelector('#booking-form input[name="name"]');
  const heading = main.querySelector("[data-step-focus]");
  if (wrong) wrong.focus();
  else if (empty?.type === "text" && !empty.value && matchMedia("(pointer: fine)").matches) empty.focus();
  else if (heading) heading.focus({ preventScroll: true });
  else if (document.activeElement === document.body) document.getElementById("month-title")?.focus();
  (wrong ?? heading)?.scrollIntoView({ block: wrong ? "center" : "nearest", behavior: "smooth" });
  if (heading && matchMedia("(max-width: 48rem)").matches && !wrong) heading.scrollIntoView({ behavior: "smooth" });
}

export function finishStep() {
  if (!step?.matches("a, form")) return;
  const isMonth = step.matches("#month-previous, #month-next");
  if (!isMonth || document.activeElement === document.body) focusNew();
  document.getElementById("booker-status").textContent = booker().dataset.announce;
}
