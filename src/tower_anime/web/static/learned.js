// Outcomes of another machine: a file that `learning export` or its button gave there.
import { upload } from "/static/tower.js";

const field = document.getElementById("teach");
const said = document.getElementById("taught");

function say(words, kind = "") {
  said.className = `notice ${kind}`;
  said.textContent = words;
  said.hidden = false;
}

field.addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  const form = new FormData();
  form.append("file", file);
  field.disabled = true;
  say(`Reading ${file.name} …`);
  try {
    const { outcomes } = await upload("/api/v1/learning/import", form, (share) => say(`Sending ${file.name}: ${Math.round(share * 100)} %`));
    say(outcomes ? `${outcomes} new outcome${outcomes === 1 ? "" : "s"} from ${file.name}` : `All of ${file.name} was known already: nothing changed`);
    document.body.dispatchEvent(new CustomEvent("desk:changed"));
  } catch (error) {
    say(`Nothing was imported. ${error.message}`, "bad");
  }
  field.disabled = false;
  field.value = "";
});
