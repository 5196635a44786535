// The sandbox's clock in the page's head, and the buttons that move it forward.

import { forwardClock, readClock, resetClock } from "./api.js";
import { setText } from "./dom.js";
import { dateOf, spanOf, timeOf, weekdayOf, yearOf } from "./times.js";

const face = document.getElementById("clock-face");
const controls = document.getElementById("clock-controls");
const now = document.getElementById("clock-now");
const parts = Object.fromEntries([...now.children].map((part) => [part.dataset.part, part]));
const offset = document.getElementById("clock-offset");

export function showNow(iso) {
  now.dateTime = iso;
  setText(parts.weekday, `${weekdayOf(iso)} `);
  setText(parts.date, dateOf(iso));
  setText(parts.year, ` ${yearOf(iso)}`);
  setText(parts.time, `, ${timeOf(iso)}`);
}

export async function refreshOffset() {
  const clock = await readClock();
  const span = spanOf(clock.offset_seconds);
  offset.hidden = !span;
  setText(offset, span ? `${clock.offset_seconds < 0 ? "−" : "+"}${span}` : "");
  showNow(clock.now);
}

/** Connects the buttons; `moved()` is called after the clock has changed, `failed(problem)` when it could not. */
export function startClock({ moved, failed }) {
  const close = () => face.setAttribute("aria-expanded", "false");
  face.addEventListener("click", () => face.setAttribute("aria-expanded", String(face.getAttribute("aria-expanded") !== "true")));
  document.addEventListener("click", (event) => {
    if (!face.contains(event.target) && !controls.contains(event.target)) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  controls.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    button.disabled = true;
    try {
      await (button.dataset.forward ? forwardClock(button.dataset.forward) : resetClock());
      await refreshOffset();
      await moved();
    } catch (problem) {
      failed(problem);
    }
    button.disabled = false;
  });
}
