// What every page shares: calls to the server, what happens live, words about time, the colours.
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

/** Send JSON; resolves to the answer's JSON, rejects with the server's own words. */
export async function send(url, body, method = "POST") {
  const response = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? parsed(text) : null;
  if (!response.ok) throw new Error(answer?.detail ?? `the server answered ${response.status}`);
  return answer;
}

/** Send a file, with progress from 0 to 1. */
export function upload(url, form, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", url);
    call.setRequestHeader("X-CSRF-Token", csrf);
    call.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    call.onerror = () => reject(new Error("the server does not answer"));
    call.onload = () => {
      const answer = parsed(call.responseText);
      if (call.status < 300) resolve(answer);
      else reject(new Error(answer?.detail ?? `the server answered ${call.status}`));
    };
    call.send(form);
  });
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}

/** Say something for a moment; `kind` is good, bad or empty. `action` is {words, run}. */
export function toast(words, kind = "", action = null) {
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.textContent = action.words;
    button.onclick = () => { box.remove(); action.run(); };
    box.append(button);
  }
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), kind === "bad" ? 9000 : 4000);
}

/** Run what a person asked for; what the server refuses is said, not swallowed. */
export async function tried(work) {
  try { return await work(); } catch (error) { toast(error.message, "bad"); return undefined; }
}

// ---- Live -----------------------------------------------------------------------------------
// `tower:progress` tells how far an attempt is, `tower:event` what happened, and `tower:changed`,
// at most once a second, that something did: parts of pages renew themselves on it.

const CHANGED_EVERY_MS = 1000;
const ALIVE_EVERY_MS = 4000;
let source = null;
let changedAt = 0;
let changedLater = 0;

function tell(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail }));
}

export function changed() {
  const wait = changedAt + CHANGED_EVERY_MS - Date.now();
  if (wait <= 0) {
    changedAt = Date.now();
    tell("tower:changed");
  } else if (!changedLater) {
    changedLater = setTimeout(() => { changedLater = 0; changed(); }, wait);
  }
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource("/api/v1/events");
  source.onmessage = (message) => {
    const data = JSON.parse(message.data);
    if (data.kind === "progress") return tell("tower:progress", data);
    tell("tower:event", data);
    changed();
  };
  source.onerror = () => {
    if (source?.readyState === EventSource.CLOSED) hush();
    look();
  };
}

function hush() {
  source?.close();
  source = null;
}

// ---- Whether the server answers ----------------------------------------------------------------

const connection = document.getElementById("connection");
let answeredAt = new Date();
let looking = false;

async function look() {
  if (looking || document.hidden) return;
  looking = true;
  try {
    const answer = await fetch("/ui/alive", {
      redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(ALIVE_EVERY_MS),
    });
    if (answer.type === "opaqueredirect") return location.reload(); // no longer logged in
    if (!answer.ok) throw new Error(String(answer.status));
    answeredAt = new Date();
    if (document.body.classList.contains("offline")) {
      document.body.classList.remove("offline");
      connection.hidden = true;
      changed();
    }
    listen();
  } catch {
    if (!document.body.classList.contains("offline")) {
      document.body.classList.add("offline");
      connection.querySelector("[data-since]").textContent =
        `at ${answeredAt.toLocaleTimeString()}`;
      connection.hidden = false;
    }
  } finally {
    looking = false;
  }
}

if (document.querySelector(".rail")) {
  setInterval(look, ALIVE_EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return hush();
    listen();
    changed();
    look();
  });
  addEventListener("pagehide", hush);
  listen();
}

// ---- htmx -------------------------------------------------------------------------------------

document.body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf;
});
document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig.verb === "get" && xhr.status >= 500) return look();
  toast(parsed(xhr.responseText)?.detail ?? `the server answered ${xhr.status}`, "bad");
});
document.body.addEventListener("htmx:sendError", look);
document.body.addEventListener("htmx:afterSettle", (event) => tellTimes(event.target));

/** Buttons that do one thing: data-post="url", data-body='{}', data-done="words". */
document.body.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-post]");
  if (!button) return;
  if (button.dataset.confirm && !confirm(button.dataset.confirm)) return;
  button.disabled = true;
  await tried(async () => {
    await send(button.dataset.post, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
    if (button.dataset.done) toast(button.dataset.done, "good");
    if (button.dataset.goto) return location.assign(button.dataset.goto);
    changed();
  });
  button.disabled = false;
});

// ---- Time ---------------------------------------------------------------------------------------

const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [86400 * 14, 86400, "d"]];

/** Return how long ago a moment was, in a few letters. */
export function ago(moment, now = Date.now()) {
  const past = Math.max(0, (now - moment) / 1000);
  if (past < 5) return "just now";
  for (const [below, unit, word] of STEPS) {
    if (past < below) return `${Math.floor(past / unit)} ${word} ago`;
  }
  return new Date(moment).toLocaleDateString();
}

/** Return a duration in seconds as people say it. */
export function duration(value) {
  if (value < 60) return `${Math.round(value)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function tellTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = Date.parse(time.dateTime);
    time.textContent = ago(moment);
    time.title = new Date(moment).toLocaleString();
  }
}
tellTimes();
setInterval(tellTimes, 15000);

// ---- Colours ------------------------------------------------------------------------------------

const THEMES = ["", "light", "dark"];
const THEME_WORDS = { "": "like the system", light: "light", dark: "dark" };

function showTheme() {
  const theme = document.documentElement.dataset.theme ?? "";
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.setAttribute("aria-label", `Colours: ${THEME_WORDS[theme]}`);
    button.title = `Colours: ${THEME_WORDS[theme]}`;
  }
}
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  const now = document.documentElement.dataset.theme ?? "";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("theme", next);
  showTheme();
  tell("tower:theme", next);
});
showTheme();
