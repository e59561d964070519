// The form for new generations: what it comes to beside it, and pictures to begin with.
import { upload, tried, toast } from "/static/tower.js";

const form = document.getElementById("wish");
const plan = document.getElementById("plan");
const AFTER_MS = 250;
let later = 0;

function soon() {
  clearTimeout(later);
  later = setTimeout(() => form.dispatchEvent(new CustomEvent("plan")), AFTER_MS);
}

function showKind() {
  form.classList.toggle("is-clip", form.elements.kind.value === "clip");
}

/** What is left empty says what it will be. */
function showDefaults() {
  const found = {};
  for (const row of plan.querySelectorAll("[data-default]")) found[row.dataset.default] = row.dataset.value;
  for (const field of form.querySelectorAll("[data-set]")) {
    field.placeholder = found[field.dataset.set] ?? "";
  }
}

function showPictures() {
  for (const box of form.querySelectorAll("[data-picture]")) {
    const sha256 = box.querySelector("select").selectedOptions[0]?.dataset.sha256;
    const picture = box.querySelector(".picked");
    picture.hidden = !sha256;
    if (sha256) picture.src = `/api/v1/artifacts/${sha256}/thumbnail?size=256`;
  }
}

async function take(name, file) {
  const data = new FormData();
  data.append("file", file);
  const kept = await upload("/api/v1/inputs", data);
  const choice = form.elements[name];
  let option = [...choice.options].find((one) => one.value === kept.name);
  if (!option) {
    option = new Option(`${kept.name} (${kept.width}×${kept.height})`, kept.name);
    option.dataset.sha256 = kept.sha256;
    choice.add(option, 1);
  }
  choice.value = kept.name;
  toast(`${kept.name} is there`, "good");
  showPictures();
  soon();
}

form.addEventListener("input", soon);
form.addEventListener("change", (event) => {
  const { send } = event.target.dataset;
  if (send && event.target.files[0]) tried(() => take(send, event.target.files[0]));
  showKind();
  showPictures();
});
for (const box of form.querySelectorAll("[data-picture]")) {
  box.addEventListener("dragover", (event) => event.preventDefault());
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) tried(() => take(box.dataset.picture, file));
  });
}
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  else if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
});
plan.addEventListener("htmx:afterSettle", showDefaults);
showKind();
showDefaults();
showPictures();
