// The viewer: comparing, boxes, heat maps, the clip's timeline; asking again; what happens live.
import "./now.js";
import { changed, send, toast, tried } from "./tower.js";

const root = document.getElementById("generation");
const { id } = root.dataset;
const APART_S = 0.08; // two frames at 24 a second: less is not seen
const find = (selector) => root.querySelector(selector);

document.body.addEventListener("tower:event", ({ detail }) => {
  if (detail.generation_id === id) stale = true;
});
document.body.addEventListener("tower:progress", ({ detail }) => {
  if (detail.generation_id === id && !find("[data-running]")) { stale = true; changed(); }
});
let stale = false;
document.body.addEventListener("tower:changed", () => {
  if (!stale) return;
  stale = false;
  const number = new URLSearchParams(location.search).get("attempt");
  window.htmx?.ajax("GET", `/ui/generations/${id}${number ? `?attempt=${number}` : ""}`, { target: root, swap: "morph:innerHTML" });
});

root.addEventListener("input", ({ target }) => {
  if (target.matches("[data-slider]")) compare(Number(target.value));
  if (target.matches("[data-toggle-boxes]")) find("[data-boxes]").toggleAttribute("hidden", !target.checked);
});

root.addEventListener("click", (event) => {
  const heat = event.target.closest("[data-heat-of]");
  if (heat) return showHeat(heat);
  const again = event.target.closest("[data-again]");
  if (again) return askAgain(again.dataset);
  const publish = event.target.closest("[data-publish]");
  if (publish) return doPublish(publish);
  const clip = event.target.closest("[data-viewer]") && find("[data-video]");
  if (clip && !clip.controls) return clip.paused ? clip.play().catch(() => {}) : clip.pause();
  const seek = event.target.closest("[data-seek]");
  if (seek) return goTo(Number(seek.dataset.seek));
  const line = event.target.closest("[data-timeline]");
  if (line) {
    const box = line.getBoundingClientRect();
    goTo(((event.clientX - box.left) / box.width) * Number(line.closest("[data-seconds]").dataset.seconds));
  }
});

function showHeat(button) {
  const layer = find("[data-heat]");
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of root.querySelectorAll("[data-heat-of]")) other.setAttribute("aria-pressed", "false");
  layer.hidden = true;
  if (!on) return;
  layer.onload = () => { button.setAttribute("aria-pressed", "true"); layOver(); layer.hidden = false; };
  layer.onerror = () => toast("It is everywhere, or has no place in the picture");
  layer.src = `/api/v1/artifacts/${button.dataset.sha}/heatmap?kind=${encodeURIComponent(button.dataset.heatOf)}`;
}

/** Show so much of this attempt, in per cent, over the one below; clips run together. */
function compare(share) {
  const under = find("[data-under]");
  const video = find("[data-video]");
  const whole = share === 100;
  under.hidden = whole;
  (video ?? find("[data-main]")).style.clipPath = whole ? "" : `inset(0 ${100 - share}% 0 0)`;
  if (!video) return;
  video.controls = whole; // half of them would be no use: a click plays and stops
  if (whole) return under.pause();
  under.currentTime = video.currentTime;
  if (video.paused) under.pause();
  else under.play().catch(() => {});
}

/** Let the clip below follow the one above. */
function follow(video) {
  const under = find("[data-under]");
  if (!under || under.hidden) return;
  if (Math.abs(under.currentTime - video.currentTime) > APART_S) under.currentTime = video.currentTime;
  if (video.paused !== under.paused) video.paused ? under.pause() : under.play().catch(() => {});
}

/** Put boxes and heat map onto the picture, which may be narrower than its frame. */
function layOver() {
  const viewer = find("[data-viewer]");
  const main = find("[data-main]");
  if (!main?.naturalWidth) return;
  const scale = Math.min(main.clientWidth / main.naturalWidth, main.clientHeight / main.naturalHeight);
  const [width, height] = [main.naturalWidth * scale, main.naturalHeight * scale];
  const place = {
    width: `${width}px`, height: `${height}px`,
    left: `${(viewer.clientWidth - width) / 2}px`, top: `${(viewer.clientHeight - height) / 2}px`,
  };
  for (const layer of [find("[data-heat]"), find("[data-boxes]")]) if (layer) Object.assign(layer.style, place);
}
addEventListener("resize", layOver);
document.body.addEventListener("htmx:afterSettle", begin);

function begin() {
  const main = find("[data-main]");
  if (main) {
    if (main.complete) layOver();
    main.onload = layOver;
  }
  const video = find("[data-video]");
  const line = find("[data-timeline]");
  if (!video) return;
  const cursor = find("[data-cursor]");
  const total = Number(line?.closest("[data-seconds]").dataset.seconds);
  video.onplay = video.onpause = video.onseeked = () => follow(video);
  video.ontimeupdate = () => {
    follow(video);
    if (line) for (const end of ["x1", "x2"]) cursor.setAttribute(end, (1000 * video.currentTime) / total);
  };
}

function goTo(second) {
  const video = find("[data-video]");
  video.pause();
  video.currentTime = second;
}

async function askAgain({ again, attempt }) {
  const made = await tried(() => send(`/api/v1/generations/${id}/${again}`, { attempt: Number(attempt) }));
  if (made) location.assign(made.batch_id ? `/ui/gallery?batch=${made.batch_id}` : `/ui/generations/${made.generation_id}`);
}

async function doPublish(button) {
  button.disabled = true;
  const done = await tried(() => send("/api/v1/publications", { generation_ids: [id] }));
  if (done?.refused.length) toast(done.refused[0].detail, "bad");
  button.disabled = false;
}

begin();
