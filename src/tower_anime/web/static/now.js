// Progress between renewals: the bar, the step, the time left and the picture so far.
import { duration } from "./tower.js";

const PREVIEW_EVERY_MS = 400;
const PACE_OF = 12; // steps that a pace is taken of: a model that loads is soon forgotten
const STEADY_AFTER_MS = 400;
const shownAt = new Map();
const paces = new Map();

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
  card.querySelector("[data-eta]").textContent = left(detail);
  preview(card, detail);
});

/** Return how long it may still take, by the pace of the latest steps; nothing before there is one. */
function left({ generation_id: id, number, step, steps }) {
  const now = performance.now();
  let pace = paces.get(id);
  if (pace?.number !== number || pace.steps !== steps || step < pace.marks.at(-1)[1]) pace = { number, steps, marks: [] };
  paces.set(id, pace);
  pace.marks.push([now, step]);
  if (pace.marks.length > PACE_OF) pace.marks.shift();
  const [firstAt, firstStep] = pace.marks[0];
  if (step - firstStep < 2 || now - firstAt < STEADY_AFTER_MS) return "";
  const seconds = ((now - firstAt) / (step - firstStep) / 1000) * (steps - step);
  return seconds < 1 ? "almost drawn" : `${duration(seconds)} left`;
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
