// Forms that speak to the interface: data-api="/api/…", data-method, data-done, data-goto. What is
// empty is left out, or null with data-null; data-lines makes a list of a text's lines.
import { changed, send, toast, tried } from "/static/tower.js";

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  const text = field.value.trim();
  if ("lines" in field.dataset) return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!text) return "null" in field.dataset ? null : "empty" in field.dataset ? "" : undefined;
  return field.type === "number" ? Number(text) : text;
}

function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    const value = valueOf(field);
    if (value !== undefined) body[field.name] = value;
  }
  return body;
}

document.body.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  await tried(async () => {
    const answer = await send(form.dataset.api, bodyOf(form), form.dataset.method ?? "POST");
    if (form.dataset.done) toast(form.dataset.done, "good");
    form.closest("dialog")?.close();
    if (form.dataset.goto) { // the page that comes shows what changed; this one must not pass for it
      return location.assign(form.dataset.goto.replace(/\{(\w+)\}/g, (_, key) => encodeURIComponent(answer[key])));
    }
    if ("reset" in form.dataset) form.reset();
    changed();
    document.body.dispatchEvent(new CustomEvent("desk:changed"));
  });
  for (const button of buttons) button.disabled = false;
});

/** Show a dialog; `data-fills` says which of its fields it is about, and what they hold. */
function open(opener) {
  const dialog = document.getElementById(opener.dataset.opens);
  const form = dialog.querySelector("form");
  if (opener.dataset.fills) {
    const fills = JSON.parse(opener.dataset.fills);
    form.dataset.api = opener.dataset.to;
    form.dataset.method = opener.dataset.method ?? "PATCH";
    for (const old of form.querySelectorAll("input[type=hidden]")) old.remove();
    for (const box of form.querySelectorAll("[data-part]")) {
      const name = box.dataset.part;
      const field = form.elements[name];
      box.hidden = field.disabled = !(name in fills);
      field.value = fills[name] ?? "";
    }
    for (const name of Object.keys(fills).filter((one) => !form.elements[one])) {
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name });
      hidden.value = fills[name];
      form.append(hidden);
    }
  }
  dialog.showModal();
}

document.body.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) open(opener);
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
});
