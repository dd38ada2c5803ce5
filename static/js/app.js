// What every page shares: the modal box, toasts, copy buttons, menus, and moments that stay true.
// Everything here makes better what already works without it.

const modal = document.getElementById("modal");
const toasts = document.getElementById("toasts");

// --- The modal box -------------------------------------------------------------------------------------------------
// An opener is a link with hx-get, hx-target="#modal" and hx-push-url. The box has its own history entry over the page
// it was opened from: Back closes it, Forward opens it again, and closing it by hand goes back.

let pageUrl = location.href;
let openerId = null;
let opener = null;
let isAddressLeft = false;

function isFormTouched() {
  return modal.querySelector("form[data-touched]") !== null;
}

function openModal() {
  if (!modal.open) modal.showModal();
  const first =
    modal.querySelector('[aria-invalid="true"]') ||
    modal.querySelector("[data-error-summary]") ||
    modal.querySelector("[data-focus]") ||
    modal.querySelector("h1, h2");
  first?.focus({ preventScroll: false });
}

function closeModal() {
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
  const target =
    (opener?.isConnected && opener) ||
    (openerId && document.getElementById(openerId)) ||
    document.querySelector("[data-modal-fallback]") ||
    document.querySelector("main h1");
  target?.focus();
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== modal || modal.open) return;
  opener = event.detail.elt;
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
  } else if (event.target === modal && !isFormTouched()) {
    closeModal(); // A click on the dialog itself is a click beside the box.
  }
});

// Escape once too often must not cost a template that somebody wrote.
const SURE_MS = 5000;
let askedAt = -Infinity;

modal.addEventListener("cancel", (event) => {
  if (!isFormTouched() || performance.now() - askedAt < SURE_MS) return;
  event.preventDefault();
  askedAt = performance.now();
  toast("Not saved yet. Press Escape again to close the box and discard what you changed.");
});

modal.addEventListener("input", (event) => {
  event.target.form?.setAttribute("data-touched", "");
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

// --- Toasts --------------------------------------------------------------------------------------------------------

function toast(message, tone = "success") {
  const node = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  node.querySelector(".toast-text").textContent = message;
  if (tone === "danger") node.classList.add("toast-danger");
  const remove = () => node.remove();
  node.querySelector(".toast-close").addEventListener("click", remove);
  while (toasts.childElementCount > 2) toasts.firstElementChild.remove();
  toasts.append(node);
  if (toasts.showPopover) {
    if (toasts.matches(":popover-open")) toasts.hidePopover();
    toasts.showPopover(); // Last into the top layer, so that it stands above an open box.
  }
  let timer = setTimeout(remove, tone === "danger" ? 10000 : 5000);
  node.addEventListener("mouseenter", () => clearTimeout(timer));
  node.addEventListener("mouseleave", () => (timer = setTimeout(remove, 3000)));
}

document.body.addEventListener("toast", (event) => {
  const detail = event.detail ?? {};
  toast(typeof detail === "string" ? detail : (detail.message ?? detail.value), detail.tone);
});

const PROBLEMS = {
  400: "This page is out of date. Reload it and try again.",
  404: "That is no longer there.",
  413: "That is too large. Shorten it and try again.",
};

document.body.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event)) toast("The server cannot be reached. Check your connection and try again.", "danger");
});

document.body.addEventListener("htmx:responseError", (event) => {
  if (isPoll(event)) return;
  const status = event.detail.xhr.status;
  toast(PROBLEMS[status] ?? "Something went wrong on the server. Please try again.", "danger");
});

function isPoll(event) {
  return /\bevery\b/.test(event.detail.elt?.getAttribute?.("hx-trigger") ?? "");
}

// --- Copy buttons --------------------------------------------------------------------------------------------------

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
  const label = button.querySelector("[data-copy-label]");
  const before = label?.dataset.before ?? label?.textContent;
  if (label) {
    label.dataset.before = before;
    label.textContent = "Copied";
  } else {
    toast("Copied");
  }
  button.classList.add("is-copied");
  setTimeout(() => {
    button.classList.remove("is-copied");
    if (label) label.textContent = before;
  }, 1600);
});

// --- Menus: one open at a time, closed by Escape and by a click elsewhere ------------------------------------------

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// --- Moments said as "2 minutes ago" -------------------------------------------------------------------------------

// The same words as the filter `ago` on the server.
function say(seconds) {
  const distance = Math.abs(seconds);
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]]) {
    const count = Math.floor(distance / length);
    if (!count || (unit === "second" && count < 5)) continue;
    const text = `${count} ${unit}${count > 1 ? "s" : ""}`;
    return seconds < 0 ? `${text} ago` : `in ${text}`;
  }
  return seconds <= 0 ? "just now" : "in a moment";
}

function refreshMoments() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const left = (new Date(time.dateTime) - Date.now()) / 1000;
    const text = time.dataset.relative === "until" && left <= 0 ? "now" : say(left);
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(refreshMoments, 15000);

// --- Forms ---------------------------------------------------------------------------------------------------------

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
  setTimeout(() => delete form.dataset.sent, 4000);
});
