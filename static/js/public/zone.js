// The time zone that times are shown in. The server learns the browser's from a cookie, so only a first visit needs a
// second look. A zone in the address goes first.

import { booker, show } from "./booker.js";
import { keepZone, keptZone } from "./visitor.js";

export function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  const before = keptZone();
  if (/^[\w+/-]+$/.test(zone) && zone !== before) keepZone(zone);
  const isNew = keptZone() !== before;
  const isAsked = new URLSearchParams(location.search).has("timeZone");
  const looksAgain = isNew && ("zoneGuess" in booker().dataset || !isAsked);
  if (looksAgain) show(location.pathname + location.search).finally(revealTimes);
  else revealTimes();
}

export function revealTimes() {
  booker().removeAttribute("data-zone-guess");
}

export function markZone() {
  const select = document.getElementById("timeZone");
  const zone = booker().dataset.zone;
  if (![...select.options].some((option) => option.value === zone)) select.prepend(new Option(zone, zone));
  select.value = zone;
}

// What the form of the zone carries along is for browsers without a script. Beside the booking form, whoever fills in a
// page by the names of its fields would meet each of them twice.
export function dropZoneFields() {
  for (const field of document.querySelectorAll("[data-zone-form] input[type=hidden]")) field.remove();
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-zone-form] select")) return;
  const address = new URL(location.href);
  address.searchParams.set("timeZone", event.target.value);
  show(address.pathname + address.search, { push: "true" });
});

document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-zone-search]")) return;
  const { openZoneSearch } = await import("./zone-search.js");
  openZoneSearch();
});
