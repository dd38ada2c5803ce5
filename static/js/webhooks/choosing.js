// The deliveries that are chosen in the log stay chosen while it is drawn anew, and the bar says how many they are.

const chosen = new Set();
const FORM = "choose-deliveries";

const boxes = () => [...document.querySelectorAll(`input[name="delivery"][form="${FORM}"]`)];

// What is no longer in the log is no longer chosen.
function shown() {
  for (const box of boxes()) box.checked = chosen.has(box.value);
  say();
}

function say() {
  const bar = document.getElementById(FORM);
  if (!bar) return;
  const all = boxes();
  const ticked = all.filter((box) => box.checked);
  chosen.clear();
  for (const box of ticked) chosen.add(box.value);
  const count = ticked.length;
  bar.classList.toggle("is-empty", count === 0);
  bar.querySelector("[data-chosen-count]").textContent = count ? `${count} chosen` : "";
  bar.querySelector("[data-chosen-label]").textContent =
    count === 0 ? "Resend chosen" : `Resend ${count} ${count === 1 ? "delivery" : "deliveries"}`;
  const every = bar.querySelector("[data-choose-all]");
  every.checked = count > 0 && count === all.length;
  every.indeterminate = count > 0 && count < all.length;
}

function choose(all) {
  for (const box of boxes()) box.checked = all;
  say();
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) choose(event.target.checked);
  else if (event.target.matches(`input[form="${FORM}"]`)) say();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-choose-none]")) return;
  choose(false);
  boxes()[0]?.focus();
});

document.body.addEventListener("htmx:afterSwap", shown);
// A run has begun with them.
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { verb, path } = detail.requestConfig;
  if (verb !== "post" || !path.endsWith("/resend-chosen") || detail.xhr.status !== 200) return;
  choose(false);
  // The button is hidden now; how far the run is, is below the heading.
  if (document.activeElement?.id === "resend-chosen") document.querySelector("main h1")?.focus();
});
say();
