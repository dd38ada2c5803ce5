// Moments said as "2 minutes ago" stay true. The words are those of the filter `ago` on the server.

const REFRESH_MS = 15000;
const words = JSON.parse(document.querySelector("[data-moments]").dataset.moments);

function say(seconds) {
  const distance = Math.abs(seconds);
  for (const [unit, length, fewest] of words.units) {
    const count = Math.floor(distance / length);
    if (count < fewest) continue;
    const text = `${count} ${unit}${count > 1 ? "s" : ""}`;
    return (seconds < 0 ? words.past : words.future).replace("#", text);
  }
  return seconds <= 0 ? words.now : words.soon;
}

function refreshMoments() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const left = (new Date(time.dateTime) - Date.now()) / 1000;
    const text = left <= 0 && time.dataset.due ? time.dataset.due : say(left);
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(refreshMoments, REFRESH_MS);
