// The booking page. Everything here makes better what already works without it.

import "../site/page.js";
import { fillDraft } from "./drafts.js";
import { holdSlot } from "./holds.js";
import "./month-keys.js";
import { finishStep } from "./steps.js";
import { dropZoneFields, markZone, revealTimes, tellZone } from "./zone.js";

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "booker") return;
  revealTimes();
  markZone();
  fillDraft();
  holdSlot();
  finishStep();
});

// Back and Forward bring a whole page, of which htmx takes the booker.
document.body.addEventListener("htmx:historyRestore", () => {
  revealTimes();
  dropZoneFields();
  fillDraft();
});

tellZone();
dropZoneFields();
fillDraft();
holdSlot();
