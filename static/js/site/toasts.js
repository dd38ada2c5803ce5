// Messages that come and go. What they say when a request fails is in the page.

const toasts = document.getElementById("toasts");

export function toast(message, tone = "success") {
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

document.body.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event)) toast(toasts.dataset.unreachable, "danger");
});

document.body.addEventListener("htmx:responseError", (event) => {
  // A response with a toast of its own has said why already.
  if (isPoll(event) || /"toast"/.test(event.detail.xhr.getResponseHeader("HX-Trigger"))) return;
  toast(toasts.dataset[`problem-${event.detail.xhr.status}`] ?? toasts.dataset.problem, "danger");
});

function isPoll(event) {
  return /\bevery\b/.test(event.detail.elt?.getAttribute?.("hx-trigger") ?? "");
}
