"use strict";
const show = (element, text) => { element.textContent = text; };

fetch("/api/mind/health/ready")
  .then((answer) => answer.json())
  .then((body) => show(document.getElementById("status"), `${body.status} (${Object.entries(body.checks || {}).map(([k, v]) => `${k}: ${v}`).join(", ")})`))
  .catch(() => show(document.getElementById("status"), "not reachable"));

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = Object.fromEntries(new FormData(form));
  if (!body.tenant) delete body.tenant;
  const answer = await fetch("/api/auth/v1/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const result = await answer.json();
  if (answer.ok) location.href = "/api/mind/docs/";
  else show(form.querySelector("output"), [result.error, result.details].filter(Boolean).join(". "));
});
