// The viewer: comparing, boxes, heat maps, the clip's timeline; asking again; what happens live.
import "./now.js";
import { changed, send, toast, tried } from "./tower.js";

const root = document.getElementById("generation");
const { id } = root.dataset;
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
  if (target.matches("[data-slider]")) {
    find("[data-under]").hidden = target.value === "100";
    find("[data-main]").style.clipPath = `inset(0 ${100 - target.value}% 0 0)`;
  }
  if (target.matches("[data-toggle-boxes]")) find("[data-boxes]").toggleAttribute("hidden", !target.checked);
});

root.addEventListener("click", (event) => {
  const heat = event.target.closest("[data-heat-of]");
  if (heat) return showHeat(heat);
  const again = event.target.closest("[data-again]");
  if (again) return askAgain(again.dataset);
  const publish = event.target.closest("[data-publish]");
  if (publish) return doPublish(publish);
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
  if (video && line) {
    const cursor = find("[data-cursor]");
    const total = Number(line.closest("[data-seconds]").dataset.seconds);
    video.ontimeupdate = () => {
      for (const end of ["x1", "x2"]) cursor.setAttribute(end, (1000 * video.currentTime) / total);
    };
  }
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
