// Choose the browser's time zone where nobody has chosen one yet.

import "../site/page.js";

for (const select of document.querySelectorAll("select[data-detect-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) continue;
  select.value = zone;
  // Browsers call some zones by old names, which the server knows: Asia/Calcutta is Asia/Kolkata.
  if (select.value !== zone) select.add(new Option(label(zone), zone, true, true), 0);
}

function label(zone) {
  const place = zone.split("/").slice(1).join(", ").replaceAll("_", " ") || zone;
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "shortOffset" }).formatToParts();
  return `${place} (${parts.find((part) => part.type === "timeZoneName").value})`;
}
