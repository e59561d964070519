// Choosing many, look-alikes, and files that are dropped to be assessed.
import { send, toast, tried, upload } from "./tower.js";

const results = () => document.getElementById("results");
const bar = document.getElementById("chosen");
const boxes = () => [...results().querySelectorAll(".choose input")];
const chosen = () => boxes().filter((box) => box.checked).map((box) => box.value);
let last = null;

function show() {
  const number = chosen().length;
  bar.hidden = number === 0;
  results().classList.toggle("choosing", number > 0);
  bar.querySelector("[data-number]").textContent = `${number} selected`;
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".choose input");
  if (!box) return;
  if (event.shiftKey && last?.isConnected) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  show();
});

/** X chooses the card that has the focus; Escape lets all go. */
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  const item = event.target.closest?.("#cards > li");
  if (event.key === "x" && item) item.querySelector(".choose input").click();
  if (event.key === "Escape") clear();
});

function clear() {
  for (const box of boxes()) box.checked = false;
  show();
}

const ACTS = {
  approve: { url: "/api/v1/reviews", body: { decision: "approve" }, words: "approved" },
  reject: { url: "/api/v1/reviews", body: { decision: "reject" }, words: "rejected" },
  publish: { url: "/api/v1/publications", body: {}, words: "published" },
  cancel: { url: "/api/v1/queue/cancel", body: {}, words: "to be cancelled" },
};

bar.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "clear") return clear();
  if (act === "all") {
    for (const box of boxes()) box.checked = true;
    return show();
  }
  if (act) return doMany(act, chosen());
});

async function doMany(act, ids) {
  const { url, body, words } = ACTS[act];
  let changed = 0;
  const refused = [];
  for (let from = 0; from < ids.length; from += 500) {
    const part = await tried(() => send(url, { ...body, generation_ids: ids.slice(from, from + 500) }));
    if (!part) return;
    changed += part.changed;
    refused.push(...(part.refused ?? []));
  }
  const undo = act === "approve" || act === "reject"
    ? { words: "Undo", run: () => takeBack(ids.filter((id) => !refused.some((one) => one.generation_id === id))) }
    : null;
  toast(`${changed} ${words}`, "good", undo);
  if (refused.length) toast(`${refused.length} left as they are: ${refused[0].detail}`, "bad");
  clear();
  renew();
}

async function takeBack(ids) {
  await tried(() => send("/api/v1/reviews/undo", { generation_ids: ids }));
  renew();
}

function renew() {
  document.getElementById("filters").requestSubmit();
}

// ---- Look-alikes ------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-group]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  const item = button.closest("li");
  if (open) for (const member of results().querySelectorAll(`[data-of="${button.dataset.group}"]`)) member.remove();
  else item.after(item.querySelector("template").content.cloneNode(true));
});

// ---- Files to assess ----------------------------------------------------------------------------

const drop = document.getElementById("drop");
const dialog = document.getElementById("assessed");
let depth = 0;

const brings = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => { if (brings(event)) drop.hidden = ++depth === 0; });
addEventListener("dragleave", (event) => { if (brings(event) && --depth <= 0) drop.hidden = true; });
addEventListener("dragover", (event) => { if (brings(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  depth = 0;
  drop.hidden = true;
  assess([...event.dataTransfer.files]);
});
const files = document.getElementById("files");
files.addEventListener("change", () => { assess([...files.files]); files.value = ""; });
dialog.querySelector("[data-close]").onclick = () => dialog.close();
dialog.addEventListener("close", () => {
  for (const shown of dialog.querySelectorAll("img, video")) URL.revokeObjectURL(shown.src);
  dialog.querySelector(".assessed").replaceChildren();
});

async function assess(list) {
  if (!dialog.open) dialog.showModal();
  for (const file of list) await assessOne(file);
}

async function assessOne(file) {
  const item = document.createElement("li");
  const shown = document.createElement(file.type.startsWith("video/") ? "video" : "img");
  shown.src = URL.createObjectURL(file);
  if (shown.tagName === "IMG") shown.alt = file.name;
  const words = document.createElement("div");
  const bar = Object.assign(document.createElement("progress"), { className: "bar", max: 1, value: 0 });
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  words.append(Object.assign(document.createElement("h3"), { textContent: file.name }), bar);
  item.append(shown, words);
  dialog.querySelector(".assessed").append(item);
  const form = new FormData();
  form.append("file", file);
  try {
    const found = await upload("/api/v1/assessments", form, (share) => { bar.value = share; });
    bar.replaceWith(verdict(found));
  } catch (error) {
    bar.replaceWith(Object.assign(document.createElement("p"), { className: "bad", textContent: error.message }));
  }
}

function verdict(found) {
  const all = document.createElement("div");
  const line = Object.assign(document.createElement("p"), { className: "row" });
  line.append(
    Object.assign(document.createElement("span"), { className: `badge ${found.verdict}`, textContent: found.verdict }),
    Object.assign(document.createElement("strong"), { className: `score ${found.verdict}`, textContent: found.score?.toFixed(2) ?? "–" }),
    `of ${found.threshold.toFixed(2)} · ${found.width} × ${found.height}`,
  );
  const list = document.createElement("ul");
  for (const defect of found.defects) list.append(Object.assign(document.createElement("li"), { textContent: defect.message }));
  all.append(line, list);
  return all;
}

document.body.addEventListener("htmx:afterSwap", show);
