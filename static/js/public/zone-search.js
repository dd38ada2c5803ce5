// Find a time zone by typing: a city, a region, a country's time ("India"), an abbreviation ("PST") or an offset.
// Loaded when somebody asks for it. What is found is chosen in the page's own list of zones.

import { closeModal, modal, openModal } from "../site/modal.js";
import { isTwelveHours } from "./visitor.js";

const SEASONS = [0, 6].map((month) => new Date(new Date().getFullYear(), month, 15));
// Looked up at each opening: going back in the history puts a new list in place of the old one.
let select = null;
let zones = [];
let input = null;
let list = null;

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// What a zone is called in words, in winter and in summer, and the time it is there: nothing where the browser does not
// know the zone.
function inWords(zone) {
  try {
    const said = { timeZone: zone, timeZoneName: "long", hour: "numeric", minute: "2-digit", hour12: isTwelveHours() };
    const format = new Intl.DateTimeFormat("en", said);
    const isName = (part) => part.type === "timeZoneName";
    const names = SEASONS.map((moment) => format.formatToParts(moment).find(isName).value);
    const time = format.formatToParts().filter((part) => !isName(part)).map((part) => part.value);
    return { names: [...new Set(names)], time: time.join("").trim() };
  } catch {
    return { names: [], time: "" };
  }
}

const initials = (words) => words.split(" ").map((word) => word[0]).join("");

function readZones() {
  return [...select.options].map((option) => {
    const [, place, offset] = option.text.match(/^(.*?)(?: \((.*)\))?$/);
    const region = option.parentElement.label ?? "";
    const { names, time } = inWords(option.value);
    const called = names.flatMap((long) => [long, initials(long), initials(long.replace("Standard ", ""))]);
    const haystack = plain(`${place} ${region} ${option.value} ${offset ?? ""} ${called.join(" ")}`);
    const words = new Set(haystack.split(/[\s,/]+/));
    return { value: option.value, place, region, offset: offset ?? "", time, haystack, words, start: plain(place) };
  });
}

// What begins so or is called so comes before what has the letters somewhere: "india" is not Indiana first.
function distance(zone, words) {
  if (!words.length) return 0;
  const isWhole = words.every((word) => zone.words.has(word));
  return isWhole ? 0 : zone.start.startsWith(words[0]) ? 1 : 2;
}

function find(typed) {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const found = zones.filter((zone) => words.every((word) => zone.haystack.includes(word)));
  return found.sort((one, other) => distance(one, words) - distance(other, words));
}

function row(zone, number) {
  const item = document.createElement("li");
  item.id = `zone-result-${number}`;
  item.className = "zone-result";
  item.setAttribute("role", "option");
  item.dataset.value = zone.value;
  for (const [text, style] of [[zone.place, "strong"], [zone.region, "muted"], [`${zone.time} · ${zone.offset}`, "zone-result-now"]]) {
    const part = document.createElement("span");
    part.className = style;
    part.textContent = text;
    item.append(part, " ");
  }
  return item;
}

function mark(item, block = "nearest") {
  list.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
  item?.setAttribute("aria-selected", "true");
  item?.scrollIntoView({ block });
  if (item) input.setAttribute("aria-activedescendant", item.id);
  else input.removeAttribute("aria-activedescendant");
}

function draw() {
  const found = find(input.value);
  list.replaceChildren(...found.map(row));
  modal.querySelector("[data-none]").hidden = found.length > 0;
  const chosen = input.value ? null : list.querySelector(`[data-value="${CSS.escape(select.value)}"]`);
  mark(chosen ?? list.firstElementChild, chosen ? "center" : "nearest");
}

function choose(item) {
  if (!item) return;
  select.value = item.dataset.value;
  closeModal();
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

function onKey(event) {
  const marked = list.querySelector("[aria-selected]");
  const next = { ArrowDown: marked?.nextElementSibling, ArrowUp: marked?.previousElementSibling }[event.key];
  if (next) mark(next);
  else if (event.key === "Enter") choose(marked);
  else return;
  event.preventDefault();
}

export function openZoneSearch() {
  select = document.getElementById("timeZone");
  zones = readZones();
  modal.replaceChildren(document.getElementById("zone-search").content.cloneNode(true));
  input = modal.querySelector("input");
  list = modal.querySelector("ul");
  input.addEventListener("input", draw);
  input.addEventListener("keydown", onKey);
  list.addEventListener("click", (event) => choose(event.target.closest("li")));
  openModal();
  draw();
}
