// The log: the opened delivery is marked in the list, and the reader begins at its heading.

import "../site/app.js";
import "./choosing.js";

function markOpened() {
  for (const link of document.querySelectorAll(".log-link")) {
    if (new URL(link.href).pathname === location.pathname) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  markOpened();
  if (event.detail.elt.matches?.(".log-link") || event.detail.requestConfig?.elt?.matches(".log-link")) {
    document.getElementById("delivery-title")?.focus({ preventScroll: matchMedia("(min-width: 68.75rem)").matches });
  }
});

document.body.addEventListener("htmx:historyRestore", () => {
  const opened = document.getElementById("delivery-title") || document.querySelector(".log-link");
  opened?.focus({ preventScroll: true });
});
