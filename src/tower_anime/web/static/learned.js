// Outcomes of another machine: a file that `learning export` or its button gave there.
import { changed, toast, tried, upload } from "/static/tower.js";

document.getElementById("teach")?.addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  await tried(async () => {
    const form = new FormData();
    form.append("file", file);
    const { outcomes } = await upload("/api/v1/learning/import", form);
    toast(outcomes === 1 ? "1 new outcome" : `${outcomes} new outcomes`, "good");
    changed();
  });
  event.target.value = "";
});
