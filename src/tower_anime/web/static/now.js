// Keeps the results fresh; says so when the server is silent instead of showing a frozen page.
"use strict";
const results = document.getElementById("results");
const connection = document.getElementById("connection");
let shown = results.innerHTML;

async function refresh() {
  try {
    const response = await fetch("/ui/results");
    if (!response.ok) throw new Error(String(response.status));
    const fresh = await response.text();
    if (fresh !== shown) results.innerHTML = shown = fresh;
    connection.hidden = true;
  } catch {
    connection.hidden = false;
  }
}
setInterval(refresh, 2000);
