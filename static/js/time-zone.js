// Choose the browser's time zone where nobody has chosen one yet.

for (const select of document.querySelectorAll("select[data-detect-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) continue;
  select.value = zone;
  // Browsers call some zones by old names, which the server knows: Asia/Calcutta is Asia/Kolkata.
  if (select.value !== zone) select.add(new Option(zone.split("/").pop().replaceAll("_", " "), zone, true, true), 0);
}
