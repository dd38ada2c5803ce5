// The booking page: the browser's time zone, what happens around each step, arrow keys in the month, guests.
// Everything here makes better what already works without it.

const ZONE_COOKIE = "calhooks_zone";
const CLOCK_COOKIE = "calhooks_clock";
const ONE_YEAR_SECONDS = 31536000;

const booker = () => document.getElementById("booker");

function show(address, options = {}) {
  return htmx.ajax("GET", address, { target: "#booker", swap: "outerHTML", ...options });
}

function keep(cookie, value) {
  document.cookie = `${cookie}=${value}; path=/; max-age=${ONE_YEAR_SECONDS}; samesite=lax`;
}

// --- The browser's time zone ---------------------------------------------------------------------------------------
// The server learns it from a cookie, so only a first visit needs a second look. A zone in the address goes first.

function toldZone() {
  return document.cookie.match(new RegExp(`(?:^|; )${ZONE_COOKIE}=([^;]*)`))?.[1];
}

function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  const before = toldZone();
  if (/^[\w+/-]+$/.test(zone) && zone !== before) {
    keep(ZONE_COOKIE, zone);
  }
  const isNew = toldZone() !== before;
  const isAsked = new URLSearchParams(location.search).has("timeZone");
  if (isNew && ("zoneGuess" in booker().dataset || !isAsked)) show(location.pathname + location.search).finally(reveal);
  else reveal();
}

function reveal() {
  booker().removeAttribute("data-zone-guess");
}

function markZone() {
  const select = document.getElementById("timeZone");
  const zone = booker().dataset.zone;
  if (![...select.options].some((option) => option.value === zone)) select.prepend(new Option(zone, zone));
  select.value = zone;
}

// What the form of the zone carries along is for browsers without a script. Beside the booking form, whoever fills in a
// page by the names of its fields would meet each of them twice.
function unloadZoneForm() {
  for (const field of document.querySelectorAll("[data-zone-form] input[type=hidden]")) field.remove();
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-zone-form] select")) return;
  const address = new URL(location.href);
  address.searchParams.set("timeZone", event.target.value);
  show(address.pathname + address.search, { push: "true" });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-zone-search]");
  if (button) (await import(button.dataset.zoneSearch)).openZoneSearch();
});

// --- Hours as 2:30 pm or as 14:30, remembered by this browser --------------------------------------------------------

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-clock]");
  if (!choice || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  keep(CLOCK_COOKIE, choice.dataset.clock);
  show(location.pathname + location.search);
});

// --- Before a step: nothing that is about to change can be pressed -------------------------------------------------

let step = null;
let latest = null;
let thaw = () => {};

function freeze(link) {
  const main = booker();
  const days = [...main.querySelectorAll('a[data-testid="day"]')];
  const chosen = main.querySelector("[aria-current]");
  const times = main.querySelector(".times");
  main.setAttribute("aria-busy", "true");
  if (link.matches("a.day")) {
    chosen?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    times.hidden = true;
  } else {
    for (const day of days) day.dataset.disabled = "true";
  }
  return () => {
    main.removeAttribute("aria-busy");
    times?.removeAttribute("hidden");
    link.removeAttribute("aria-current");
    chosen?.setAttribute("aria-current", "true");
    for (const day of days) day.dataset.disabled = "false";
  };
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== booker()) return;
  step = event.detail.elt;
  latest = event.detail.requestConfig;
  thaw = booker().contains(step) && step.matches("a") ? freeze(step) : () => {};
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig === latest) thaw();
});

// An answer that was overtaken by a later step is left aside, and a page that says to wait becomes a message.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "booker") return;
  if (event.detail.requestConfig !== latest) event.detail.shouldSwap = false;
  if (event.detail.xhr.status !== 429) return;
  event.detail.shouldSwap = false;
  const message = "Too many tries from your network. Wait a minute, then send the form again.";
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { message, tone: "danger" } }));
});

// --- After a step: the focus goes to what is new, and a screen reader hears of it ------------------------------------

function focusNew() {
  const main = booker();
  const wrong = main.querySelector('[aria-invalid="true"]') ?? main.querySelector("[data-error-summary]");
  const empty = main.querySelector('#booking-form input[name="name"]');
  const heading = main.querySelector("[data-step-focus]");
  if (wrong) wrong.focus();
  else if (empty?.type === "text" && !empty.value && matchMedia("(pointer: fine)").matches) empty.focus();
  else if (heading) heading.focus({ preventScroll: true });
  else if (document.activeElement === document.body) document.getElementById("month-title")?.focus();
  (wrong ?? heading)?.scrollIntoView({ block: wrong ? "center" : "nearest", behavior: "smooth" });
  if (heading && matchMedia("(max-width: 48rem)").matches && !wrong) heading.scrollIntoView({ behavior: "smooth" });
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "booker") return;
  reveal();
  markZone();
  fillDraft();
  holdSlot();
  if (!step?.matches("a, form")) return;
  const isMonth = step.matches("#month-previous, #month-next");
  if (!isMonth || document.activeElement === document.body) focusNew();
  document.getElementById("booker-status").textContent = booker().dataset.announce;
});

// --- A chosen time is left out of other people's lists for a while: a courtesy, so that a failure does not matter ------

let held = "";

function holdSlot() {
  const form = document.getElementById("booking-form");
  const start = form?.elements.namedItem("start").value;
  if (!start || start === held) return;
  held = start;
  const address = new URL(form.action);
  const said = { csrf_token: form.elements.namedItem("csrf_token").value, start };
  fetch(`${address.pathname}/hold${address.search}`, { method: "POST", body: new URLSearchParams(said) }).catch(() => {});
}

// --- Arrow keys in the month -----------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  const day = event.target.closest?.("a.day");
  if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
  const arrow = { PageUp: "month-previous", PageDown: "month-next" }[event.key];
  const next = arrow ? null : neighbour(day, event.key);
  if (!arrow && !next) return;
  event.preventDefault();
  if (arrow) document.getElementById(arrow)?.click();
  else next.focus();
});

function neighbour(day, key) {
  const days = [...booker().querySelectorAll("a.day")];
  const at = days.indexOf(day);
  const column = (link) => link.parentElement.cellIndex;
  if (key === "ArrowRight") return days[at + 1];
  if (key === "ArrowLeft") return days[at - 1];
  if (key === "ArrowDown") return days.slice(at + 1).find((other) => column(other) === column(day));
  if (key === "ArrowUp") return days.slice(0, at).findLast((other) => column(other) === column(day));
}

// --- Guests ------------------------------------------------------------------------------------------------------------

function guestParts() {
  const box = booker().querySelector("[data-guests]");
  return box && { box, list: box.querySelector("[data-guest-list]"), add: box.querySelector("[data-add-guest]") };
}

function addGuest(address = "") {
  const { list } = guestParts();
  list.append(booker().querySelector("[data-guest-template]").content.cloneNode(true));
  const input = list.lastElementChild.querySelector("input");
  input.value = address;
  nameGuests();
  return input;
}

function nameGuests() {
  const { box, list, add } = guestParts();
  const guests = [...list.children];
  guests.forEach((guest, index) => {
    guest.querySelector("input").setAttribute("aria-label", `Guest ${index + 1}, email address`);
    guest.querySelector("button").setAttribute("aria-label", `Remove guest ${index + 1}`);
  });
  if (!guests.length) list.replaceChildren(); // Without the white space, so that it counts as empty.
  box.querySelector("legend").classList.toggle("visually-hidden", !guests.length);
  if (!add) return;
  add.hidden = guests.length >= Number(box.dataset.guests);
  add.dataset.testid = guests.length ? "add-another-guest" : "add-guests";
  add.querySelector("[data-add-label]").textContent = guests.length ? "Add another" : "Add guests";
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-add-guest]")) {
    event.preventDefault();
    addGuest().focus();
  }
  const remove = event.target.closest("[data-remove-guest]");
  if (remove) {
    const guest = remove.closest("[data-guest]");
    const neighbour = guest.nextElementSibling ?? guest.previousElementSibling;
    guest.remove();
    nameGuests();
    saveDraft();
    (neighbour?.querySelector("input") ?? guestParts().add)?.focus();
  }
});

// Back and Forward bring a whole page, of which htmx takes the booker.
document.body.addEventListener("htmx:historyRestore", () => {
  reveal();
  unloadZoneForm();
  fillDraft();
});

if (booker()) {
  tellZone();
  unloadZoneForm();
  fillDraft();
  holdSlot();
}
