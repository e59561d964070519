// Settings: all of them, or only those that somebody set.
const only = document.getElementById("only-own");
only.addEventListener("change", () => {
  for (const row of document.querySelectorAll(".settings .default")) row.hidden = only.checked;
});
