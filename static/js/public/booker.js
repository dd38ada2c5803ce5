// The part of the booking page that every step replaces, and the settings beside it that stay.

export const booker = () => document.getElementById("booker");

export const bookingForm = () => document.getElementById("booking-form");

export const settings = () => booker().closest("[data-zone-cookie]").dataset;

export function show(address, options = {}) {
  return htmx.ajax("GET", address, { target: "#booker", swap: "outerHTML", ...options });
}
