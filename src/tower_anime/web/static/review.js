// One picture after the other. What is decided is sent behind the scenes, in order; the next
// picture was loaded before, so that a key is answered by the next frame.
import { send, toast, tried } from "./tower.js";

const AHEAD = 3; // pictures that are loaded before they are wanted
const REFILL = 12; // items left when more are asked for
const KEPT = 60; // items behind that can be gone back to
const SWIPE_PX = 70;

const desk = document.getElementById("desk");
const [stage, canvas, heat, boxes] = ["stage", "canvas", "heat", "boxes"].map((id) => document.getElementById(id));
const { lane, project } = desk.dataset;
const items = [];
const loaded = new Map(); // sha256 → an image that is decoded, or a video
const decided = []; // {item, decision} that can be taken back
const gone = new Set(); // ids that were decided here: the server may not know it yet
let at = 0;
let cursor = null;
let total = 0;
let done = 0;
let exhausted = false;
let filling = null;
let comparing = false;
let heating = -1;
let sending = Promise.resolve();
let unsent = 0;

// ---- Items --------------------------------------------------------------------------------------

function fill() {
  if (filling || exhausted) return filling;
  const query = new URLSearchParams({ lane, ...(project && { project }), ...(cursor && { cursor }) });
  filling = tried(async () => {
    const answer = await send(`/ui/review/items?${query}`, undefined, "GET");
    const known = new Set(items.map((item) => item.id));
    items.push(...answer.items.filter((item) => !known.has(item.id) && !gone.has(item.id)));
    cursor = answer.next_cursor;
    exhausted = cursor === null;
    total = Math.max(answer.total + (lane === "open" ? done : 0), items.length);
  }).finally(() => { filling = null; });
  return filling;
}

/** Something came in: look again from where the list ended. */
document.body.addEventListener("tower:changed", async () => {
  if (!exhausted || lane !== "open") return;
  exhausted = false;
  cursor = null;
  const before = items.length;
  await fill();
  if (items.length > before) show();
});

// ---- Pictures -------------------------------------------------------------------------------------

function picture(item) {
  let found = loaded.get(item.sha256);
  if (!found) {
    found = document.createElement(item.clip ? "video" : "img");
    found.src = `/api/v1/artifacts/${item.sha256}`;
    if (item.clip) Object.assign(found, { loop: true, muted: true, playsInline: true, preload: "auto" });
    else { found.alt = item.prompt ?? ""; found.decode().catch(() => {}); }
    loaded.set(item.sha256, found);
  }
  return found;
}

function preload() {
  const wanted = items.slice(Math.max(0, at - 1), at + AHEAD + 1);
  for (const item of wanted) picture(item);
  const keep = new Set(wanted.map((item) => item.sha256));
  for (const [sha256, element] of loaded) {
    if (keep.has(sha256)) continue;
    if (element.tagName === "VIDEO") { element.removeAttribute("src"); element.load(); }
    loaded.delete(sha256);
  }
}

// ---- Showing --------------------------------------------------------------------------------------

const text = (id, words) => { document.getElementById(id).textContent = words; };

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function show() {
  const item = items[at];
  desk.hidden = !item;
  document.getElementById("nothing").hidden = Boolean(item);
  if (!item) return;
  comparing = false;
  heating = -1;
  heat.hidden = true;
  canvas.classList.remove("both");
  const element = picture(item);
  canvas.replaceChildren(element);
  if (item.clip) element.play().catch(() => {});
  caption(item);
  describe(item);
  requestAnimationFrame(() => { drawBoxes(item); setTimeout(preload, 0); });
  if (items.length - at < REFILL) fill()?.then(() => place());
}

function caption(item) {
  text("stage-words", `${item.backend === "sandbox" ? "sandbox · " : ""}attempt ${item.attempt} · ${item.width} × ${item.height}`);
}

function place() {
  text("place", `${Math.min(at + 1 + done, total)} of ${total}`);
}

function describe(item) {
  place();
  document.getElementById("open").href = `/ui/generations/${item.id}`;
  document.getElementById("score").replaceChildren(
    made("span", { className: `score ${item.verdict ?? ""}`, textContent: item.score?.toFixed(2) ?? "–" }),
    made("small", { textContent: item.threshold === null ? "" : ` of ${item.threshold.toFixed(2)}` }),
  );
  document.getElementById("status").replaceChildren(
    made("span", { className: `badge ${item.status}`, textContent: item.status.replace("_", " ") }),
  );
  text("prompt", item.prompt);
  text("why", item.why);
  const list = item.defects.map((defect) =>
    made("li", {}, made("strong", { textContent: defect.kind.replaceAll("_", " ") }), defect.message));
  document.getElementById("defects").replaceChildren(
    ...(list.length ? list : [made("li", { className: "none", textContent: "No defect was named" })]),
  );
  for (const box of reasonBoxes) box.checked = item.reasons?.includes(box.value) ?? false;
}

/** Lay something over the picture, which is contained in the stage. */
function shape(element, item) {
  const { clientWidth: width, clientHeight: height } = stage;
  const scale = Math.min(width / item.width, height / item.height);
  const [w, h] = [item.width * scale, item.height * scale];
  Object.assign(element.style, { left: `${(width - w) / 2}px`, top: `${(height - h) / 2}px`, width: `${w}px`, height: `${h}px` });
}

function drawBoxes(item) {
  const placed = comparing || !item.width ? [] : item.defects.filter((defect) => defect.where);
  boxes.replaceChildren();
  if (!placed.length) return;
  shape(boxes, item);
  boxes.setAttribute("viewBox", `0 0 ${item.width} ${item.height}`);
  for (const { where: [x, y, width, height] } of placed) {
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ x, y, width, height, rx: 4 })) box.setAttribute(name, value);
    boxes.append(box);
  }
}
new ResizeObserver(() => {
  const item = items[at];
  if (item?.width) { drawBoxes(item); shape(heat, item); }
}).observe(stage);

// ---- Keys -------------------------------------------------------------------------------------------

const reasonBoxes = [...document.querySelectorAll(".reasons input")];
const KEYS = {
  a: () => decide("approve"),
  r: () => decide("reject"),
  j: () => go(1),
  k: () => go(-1),
  c: compare,
  h: showHeat,
  z: undo,
  " ": play,
  arrowright: () => go(1),
  arrowleft: () => go(-1),
};

function go(by) {
  if (!items[at + by]) return toast(by > 0 ? "That was the last one" : "That is the first one");
  at += by;
  show();
}

function decide(decision) {
  const item = items[at];
  if (!item) return;
  const reasons = reasonBoxes.filter((box) => box.checked).map((box) => box.value);
  item.reasons = reasons;
  decided.push({ item, decision, place: at });
  if (decided.length > KEPT) decided.shift();
  later(() => post(item, decision, reasons));
  items.splice(at, 1);
  gone.add(item.id);
  loaded.get(item.sha256)?.pause?.();
  done += 1;
  flash(decision);
  if (at >= items.length && !exhausted) fill()?.then(show);
  if (at >= items.length) at = Math.max(0, items.length - 1);
  forget();
  show();
}

/** One after the other, in the order in which it was decided. */
function later(work) {
  desk.dataset.unsent = unsent += 1;
  sending = sending.then(work).finally(() => { desk.dataset.unsent = unsent -= 1; });
}

async function post(item, decision, reasons) {
  try {
    await send(`/api/v1/generations/${item.id}/review`, { decision, reasons });
  } catch (error) {
    toast(`Not ${decision === "approve" ? "approved" : "rejected"}: ${error.message}`, "bad", {
      words: "Show it", run: () => { gone.delete(item.id); items.splice(at, 0, item); show(); },
    });
  }
}

function undo() {
  const last = decided.pop();
  if (!last) return toast("There is nothing to take back");
  later(() => tried(() => send(`/api/v1/generations/${last.item.id}/review/undo`)));
  gone.delete(last.item.id);
  done = Math.max(0, done - 1);
  at = Math.min(last.place, items.length);
  items.splice(at, 0, last.item);
  say(`Taken back: ${last.item.prompt}`);
  show();
}

/** What is far behind is let go: a morning's work must not fill the memory. */
function forget() {
  if (at <= KEPT) return;
  items.splice(0, at - KEPT);
  at = KEPT;
}

function flash(decision) {
  const mark = document.getElementById("flash");
  mark.textContent = decision === "approve" ? "Approved" : "Rejected";
  mark.className = `verdict ${decision}`;
  requestAnimationFrame(() => mark.classList.add("shown"));
  say(mark.textContent);
}

const say = (words) => text("said", words);

function compare() {
  const item = items[at];
  if (comparing) return show();
  const other = item.others.at(-1) ?? items[at - 1];
  if (!other) return toast("It has one attempt, and there is nothing before it");
  comparing = true;
  heat.hidden = true;
  canvas.classList.add("both");
  const beside = picture({ ...other, clip: item.clip }).cloneNode();
  canvas.replaceChildren(beside, picture(item));
  if (item.clip) beside.play().catch(() => {});
  boxes.replaceChildren();
  const scored = (score) => (score === null ? "" : ` (${score.toFixed(2)})`);
  text("stage-words", other.number
    ? `left: attempt ${other.number}${scored(other.score)} · right: attempt ${item.attempt}${scored(item.score)}`
    : `left: the one before${scored(other.score)} · right: this one${scored(item.score)}`);
}

/** H shows one heat map after the other, then none. */
function showHeat() {
  const item = items[at];
  if (item.clip) return toast("Clips have a timeline instead: open the generation");
  const mapped = item.defects.filter((defect) => defect.mapped);
  if (!mapped.length) return toast("No defect was named that has a place in the picture");
  if (comparing) show();
  heating += 1;
  const defect = mapped[heating];
  if (!defect) { heating = -1; heat.hidden = true; return caption(item); }
  heat.hidden = true;
  heat.onload = () => { shape(heat, item); heat.hidden = false; text("stage-words", `heat map: ${defect.kind.replaceAll("_", " ")}`); };
  heat.onerror = () => toast(`${defect.kind.replaceAll("_", " ")}: it is everywhere, or has no place`);
  heat.src = `/api/v1/artifacts/${item.sha256}/heatmap?kind=${encodeURIComponent(defect.kind)}`;
}

function play() {
  for (const video of canvas.querySelectorAll("video")) {
    if (video.paused) video.play().catch(() => {});
    else video.pause();
  }
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("select, input:not([type=checkbox]), textarea, .rail")) return;
  const key = event.key.toLowerCase();
  if (key === " " && event.target.closest("button, a, label, input")) return;
  const number = Number(key);
  if (number >= 1 && number <= reasonBoxes.length) reasonBoxes[number - 1].click();
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});
desk.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (key) KEYS[key]();
});
document.getElementById("project").addEventListener("change", (event) => event.target.form.requestSubmit());

// ---- Thumb --------------------------------------------------------------------------------------------

let from = null;
stage.addEventListener("pointerdown", (event) => { from = event.isPrimary ? [event.clientX, event.clientY] : null; });
stage.addEventListener("pointermove", (event) => {
  if (from && event.pointerType === "touch") canvas.style.translate = `${event.clientX - from[0]}px`;
});
for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
    from = null;
    canvas.style.translate = "";
    if (name === "pointercancel" || event.pointerType !== "touch") return;
    if (Math.abs(x) > SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) decide(x > 0 ? "approve" : "reject");
    else if (Math.abs(x) + Math.abs(y) < 10) play();
  });
}
addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });

await fill();
show();
