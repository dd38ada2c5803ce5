// What this browser remembers about whoever uses it: the time zone, and whether hours are 2:30 pm or 14:30.

import { settings, show } from "./booker.js";

function keep(cookie, value) {
  document.cookie = `${cookie}=${value}; path=/; max-age=${settings().cookieSeconds}; samesite=lax`;
}

function kept(cookie) {
  return document.cookie.match(new RegExp(`(?:^|; )${cookie}=([^;]*)`))?.[1];
}

export const keptZone = () => kept(settings().zoneCookie);

export const keepZone = (zone) => keep(settings().zoneCookie, zone);

export const isTwelveHours = () => kept(settings().clockCookie) === "12";

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-clock]");
  if (!choice || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  keep(settings().clockCookie, choice.dataset.clock);
  show(location.pathname + location.search);
});
