// The modal box.
// An opener is a link with hx-get, hx-target="#modal" and hx-push-url. The box has its own history entry over the page
// it was opened from: Back closes it, Forward opens it again, and closing it by hand goes back.

import { hasTouchedForm, markTouched } from "./forms.js";
import { toast } from "./toasts.js";

const SURE_MS = 5000;

export const modal = document.getElementById("modal");

let pageUrl = location.href;
let openerId = null;
let opener = null;
let isAddressLeft = false;

export function openModal() {
  if (!modal.open) modal.showModal();
  const first =
    modal.querySelector('[aria-invalid="true"]') ||
    modal.querySelector("[data-error-summary]") ||
    modal.querySelector("[data-focus]") ||
    modal.querySelector("h1, h2");
  first?.focus({ preventScroll: false });
}

export function closeModal() {
  if (modal.open) modal.close();
}

// For Back and the like: the address has changed already.
function closeModalOnly() {
  if (!modal.open) return;
  isAddressLeft = true;
  modal.close();
}

function returnFocus() {
  const active = document.activeElement;
  if (active && active !== document.body && active.isConnected) return;
  const places = [
    opener,
    openerId && document.getElementById(openerId),
    document.querySelector("[data-modal-fallback]"),
    document.querySelector("main h1"),
  ];
  // What was done in the box may have hidden the button that opened it.
  places.find((place) => place?.isConnected && place.checkVisibility())?.focus();
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== modal || modal.open) return;
  // An item of a menu is out of sight by the time the box closes.
  const elt = event.detail.elt;
  opener = elt.closest("details.menu")?.querySelector("summary") ?? elt;
  openerId = opener.id || null;
});

let isModalPush = false;

document.body.addEventListener("htmx:beforeHistoryUpdate", (event) => {
  isModalPush = event.detail.target === modal;
});

document.body.addEventListener("htmx:pushedIntoHistory", () => {
  if (isModalPush) history.replaceState({ htmx: true, modalOver: pageUrl }, "", location.href);
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== modal) return;
  if (modal.childElementCount) openModal();
  else closeModal();
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (!modal.open && event.detail.target === modal) returnFocus();
});

document.body.addEventListener("closeModal", closeModal);

// It comes a moment after the closing: Forward may have changed the address by then, or opened the box again.
modal.addEventListener("close", () => {
  const goesBack = !isAddressLeft && history.state?.modalOver;
  isAddressLeft = false;
  if (modal.open) return;
  modal.replaceChildren();
  if (goesBack) history.back();
  returnFocus();
});

modal.addEventListener("click", (event) => {
  if (event.target.closest("[data-modal-close]")) {
    event.preventDefault();
    closeModal();
  } else if (event.target === modal && !hasTouchedForm(modal)) {
    closeModal(); // A click on the dialog itself is a click beside the box.
  }
});

// Escape once too often must not cost a template that somebody wrote.
let askedAt = -Infinity;

modal.addEventListener("cancel", (event) => {
  if (!hasTouchedForm(modal) || performance.now() - askedAt < SURE_MS) return;
  event.preventDefault();
  askedAt = performance.now();
  toast(modal.dataset.unsaved);
});

modal.addEventListener("input", (event) => {
  markTouched(event.target.form);
});

// Registered before htmx's own handler, which would fetch the whole page anew.
window.addEventListener(
  "popstate",
  (event) => {
    if (event.state?.modalOver === pageUrl) {
      event.stopImmediatePropagation();
      const shown = htmx.ajax("GET", location.pathname + location.search, { target: modal, swap: "innerHTML" });
      // Whoever went back meanwhile is no longer where the box is.
      shown.then(() => history.state?.modalOver || closeModalOnly());
    } else if (location.href === pageUrl) {
      event.stopImmediatePropagation();
      closeModalOnly();
    }
  },
  true,
);

for (const name of ["htmx:historyRestore", "htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
  document.body.addEventListener(name, () => {
    if (!history.state?.modalOver) pageUrl = location.href;
  });
}

// A box kept by the browser's back-forward cache must not come back over a page that has changed.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && modal.open && !history.state?.modalOver) closeModal();
});
