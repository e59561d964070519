// Sending a workflow of one's own.
import { tried, upload } from "/static/tower.js";

const form = document.getElementById("send-workflow");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  tried(async () => {
    const data = new FormData(form);
    if (!form.elements.file.files.length) throw new Error("choose a file first");
    for (const name of ["name", "bindings"]) if (!data.get(name).trim()) data.delete(name);
    const kept = await upload("/api/v1/workflows", data);
    location.assign(`/ui/workflows/${encodeURIComponent(kept.name)}`);
  });
});
