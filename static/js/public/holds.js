// A chosen time is left out of other people's lists for a while: a courtesy, so that a failure does not matter.

import { bookingForm } from "./booker.js";

let held = "";

export function holdSlot() {
  const form = bookingForm();
  const start = form?.elements.namedItem("start").value;
  if (!start || start === held) return;
  held = start;
  const address = new URL(form.action);
  const said = { csrf_token: form.elements.namedItem("csrf_token").value, start };
  fetch(`${address.pathname}/hold${address.search}`, { method: "POST", body: new URLSearchParams(said) }).catch(() => {});
}
