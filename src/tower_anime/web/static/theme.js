// Sets the chosen colours before anything is painted. Without a choice the system's hold.
"use strict";
{
  const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
}
