// What the booker typed is still there after the browser's own Back, in this tab, until it is sent.

import { bookingForm } from "./booker.js";
import { hasGuests, setGuests } from "./guests.js";

// What each field holds that nobody has typed over yet: it came with the link.
let untyped = { fields: {}, guests: "" };

function draftKey() {
  return `draft ${location.pathname} ${new URLSearchParams(location.search).get("rescheduleUid") ?? ""}`;
}

// What somebody types or ticks; guests are as many as there are, and hidden fields belong to the page.
function draftFields(form) {
  const typed = [...form.elements].filter((field) => field.name && field.matches("input, select, textarea"));
  return typed.filter((field) => field.type !== "hidden" && field.name !== "guests");
}

function readForm(form) {
  const said = (field) => (field.type === "checkbox" ? field.checked : field.value);
  const chosen = draftFields(form).filter((field) => field.type !== "radio" || field.checked);
  const fields = Object.fromEntries(chosen.map((field) => [field.name, said(field)]));
  return { fields, guests: new FormData(form).getAll("guests") };
}

function readDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(draftKey()));
  } catch {
    return null;
  }
}

function saveDraft(form) {
  try {
    sessionStorage.setItem(draftKey(), JSON.stringify({ typed: readForm(form), untyped }));
  } catch {
    // A browser that keeps nothing: then nothing is kept.
  }
}

// Puts what was typed where the page shows nothing, or what was there before it was typed over. A page that comes with
// something else comes from another link, or with what was typed.
export function fillDraft() {
  const form = bookingForm();
  if (!form) return;
  const shown = readForm(form);
  const draft = readDraft();
  untyped = { fields: { ...shown.fields }, guests: String(shown.guests) };
  if (!draft) return;
  keepUntyped(shown, draft);
  if (form.querySelector('[aria-invalid="true"]')) return;
  fillFields(draftFields(form), shown, draft);
  const areGuestsUntyped = !shown.guests.length || String(shown.guests) === draft.untyped.guests;
  if (hasGuests() && areGuestsUntyped) setGuests(draft.typed.guests);
}

// A page that shows what was typed does not show what was there before.
function keepUntyped(shown, draft) {
  for (const [name, value] of Object.entries(shown.fields)) {
    if (value === draft.typed.fields[name]) untyped.fields[name] = draft.untyped.fields[name];
  }
  if (untyped.guests === String(draft.typed.guests)) untyped.guests = draft.untyped.guests;
}

function fillFields(fields, shown, draft) {
  for (const field of fields) {
    const { [field.name]: said } = draft.typed.fields;
    const now = shown.fields[field.name];
    if (said === undefined || (now && now !== draft.untyped.fields[field.name])) continue;
    if (field.type === "checkbox") field.checked = said;
    else if (field.type === "radio") field.checked = field.value === said;
    else field.value = said;
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && form === bookingForm()) saveDraft(form);
});

document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Redirect")) sessionStorage.removeItem(draftKey());
});
