// Guests: an input each, added and removed without asking the server.

import { booker } from "./booker.js";

const box = () => booker().querySelector("[data-guests]");
const list = () => box().querySelector("[data-guest-list]");
const addButton = () => box().querySelector("[data-add-guest]");

export function setGuests(addresses) {
  list().replaceChildren();
  addresses.forEach(addGuest);
  nameGuests();
}

export function hasGuests() {
  return box() !== null;
}

function addGuest(address) {
  list().append(booker().querySelector("[data-guest-template]").content.cloneNode(true));
  const input = list().lastElementChild.querySelector("input");
  input.value = address;
  nameGuests();
  return input;
}

function removeGuest(guest) {
  const neighbour = guest.nextElementSibling ?? guest.previousElementSibling;
  guest.remove();
  nameGuests();
  box().dispatchEvent(new Event("input", { bubbles: true })); // What was typed has changed.
  (neighbour?.querySelector("input") ?? addButton()).focus();
}

function nameGuests() {
  const guests = [...list().children];
  const { inputName, removeName } = box().dataset;
  guests.forEach((guest, index) => {
    guest.querySelector("input").setAttribute("aria-label", inputName.replace("#", index + 1));
    guest.querySelector("button").setAttribute("aria-label", removeName.replace("#", index + 1));
  });
  if (!guests.length) list().replaceChildren(); // Without the white space, so that it counts as empty.
  box().querySelector("legend").classList.toggle("visually-hidden", !guests.length);
  offerAnother(guests.length);
}

function offerAnother(count) {
  const button = addButton();
  const label = button.querySelector("[data-add-label]");
  button.hidden = count >= Number(box().dataset.guests);
  button.dataset.testid = count ? "add-another-guest" : "add-guests";
  label.textContent = count ? label.dataset.another : label.dataset.first;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-add-guest]")) {
    event.preventDefault();
    addGuest("").focus();
  }
  const remove = event.target.closest("[data-remove-guest]");
  if (remove) removeGuest(remove.closest("[data-guest]"));
});
