// Progress between renewals: the bar, the step, the time left and the picture so far.
import { duration } from "./tower.js";

const PREVIEW_EVERY_MS = 400;
const shownAt = new Map();

document.body.addEventListener("tower:progress", ({ detail }) => {
  const card = document.querySelector(`[data-running="${CSS.escape(detail.generation_id)}"]`);
  if (!card) return;
  const bar = card.querySelector("[data-bar]");
  const phase = card.querySelector("[data-phase]");
  if (!detail.steps) {
    phase.textContent = detail.queue_position ? `${detail.queue_position} before it at its server` : detail.phase;
    return;
  }
  bar.max = detail.steps;
  bar.value = detail.step;
  phase.textContent = `step ${detail.step} of ${detail.steps}`;
  card.querySelector("[data-eta]").textContent = left(card, detail);
  preview(card, detail);
});

function left(card, { number, step, steps }) {
  const now = Date.now();
  if (card.dataset.number !== String(number) || !card.dataset.firstAt) {
    Object.assign(card.dataset, { number, firstAt: now, firstStep: step });
    return "";
  }
  const done = step - Number(card.dataset.firstStep);
  if (done <= 0) return "";
  const each = (now - Number(card.dataset.firstAt)) / done / 1000;
  return `${duration(each * (steps - step))} left`;
}

function preview(card, { generation_id: id, step }) {
  const now = Date.now();
  if (now - (shownAt.get(id) ?? 0) < PREVIEW_EVERY_MS) return;
  shownAt.set(id, now);
  const fresh = new Image();
  fresh.src = `/api/v1/generations/${id}/preview?step=${step}`;
  fresh.alt = `Preview after step ${step}`;
  fresh.dataset.preview = "";
  fresh.decode().then(() => card.querySelector(".preview")?.replaceChildren(fresh), () => {});
}
