"use strict";

const byId = (id) => document.getElementById(id);
const LOGIN = "/api/auth/v1/login";
const SESSION = "/api/auth/v1/session";

// An answer that is not JSON comes from something between here and the server.
const call = async (path, options) => {
  try {
    const answer = await fetch(path, options);
    return { ok: answer.ok, headers: answer.headers, body: await answer.json() };
  } catch {
    return { ok: false, headers: new Headers(), body: { error: "The server cannot be reached" } };
  }
};

const showStatus = async () => {
  const { body } = await call("/api/mind/health/ready");
  const ready = body.status === "ready";
  byId("status").textContent = ready ? "ready" : ["not ready", ...(body.errors || []).map(({ path, message }) => `${path} ${message}`)].join(", ");
  byId("status").className = ready ? "good" : "bad";
};

const showSession = async () => {
  const { ok, body } = await call(SESSION);
  byId("session").hidden = !ok;
  byId("no-session").hidden = ok;
  if (ok) byId("who").textContent = `Tenant ${body.tenant}, until ${new Date(body.expiresAt).toLocaleString()}.`;
};

const signIn = async (event) => {
  event.preventDefault();
  const form = event.target;
  const [button, output] = [form.querySelector("button"), form.querySelector("output")];
  const fields = Object.fromEntries(new FormData(form));
  fields.tenant = fields.tenant.trim();
  if (!fields.tenant) delete fields.tenant;
  button.disabled = true;
  output.textContent = "";
  const { ok, headers, body } = await call(LOGIN, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
  });
  button.disabled = false;
  if (ok) {
    location.href = "/api/mind/docs/";
    return;
  }
  const wait = headers.get("Retry-After");
  const text = wait ? `${body.error}. Try again in ${wait} seconds.` : [body.error, body.details].filter(Boolean).join(". ");
  output.textContent = text;
  form.elements.password.select();
};

const signOut = async () => {
  await call(SESSION, { method: "DELETE" });
  await showSession();
  byId("email").focus();
};

// Outside of https and localhost browsers offer no clipboard; the older way still works there.
const copy = async (code) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
  getSelection().selectAllChildren(code);
  if (!document.execCommand("copy")) throw new Error("copying was refused");
};

for (const [index, command] of document.querySelectorAll(".command").entries()) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  // Says which command is meant, and that it was copied.
  command.querySelector("code").id = `command-${index}`;
  button.setAttribute("aria-describedby", `command-${index}`);
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    const done = await copy(command.querySelector("code")).then(() => "Copied", () => "Select it by hand");
    button.textContent = done;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  command.append(button);
}

byId("sign-in").addEventListener("submit", signIn);
byId("sign-out").addEventListener("click", signOut);
showStatus();
showSession();
