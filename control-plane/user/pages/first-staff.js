const byId = (id) => document.getElementById(id);
const fields = ["name", "email", "password"];
// What follows the # is not sent to a server by itself, and so is in no log.
const code = location.hash.slice(1);

function tell(sentence) {
  const problem = byId("problem");
  problem.textContent = sentence;
  problem.hidden = sentence === "";
  if (sentence !== "") problem.focus();
}

function mark(field, sentence) {
  byId(`${field}-error`).textContent = sentence;
  if (sentence === "") byId(field).removeAttribute("aria-invalid");
  else byId(field).setAttribute("aria-invalid", "true");
}

/** Marks what does not fit, goes to the first of it, and gives whether there was any. */
function markAll(sentences) {
  for (const field of fields) mark(field, sentences[field] ?? "");
  const first = fields.find((field) => sentences[field]);
  if (first) byId(first).focus();
  return first !== undefined;
}

async function send() {
  const values = Object.fromEntries(fields.map((field) => [field, byId(field).value]));
  const response = await fetch("/user/v1/staff-accounts", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, ...values }),
  });
  const answer = await response.json();
  if (response.ok) return finish(answer.email);
  const sentences = Object.fromEntries(
    (answer.errors ?? []).map(({ path, message }) => [path, `It ${message}.`]),
  );
  if (!markAll(sentences)) tell(answer.detail);
}

function finish(email) {
  history.replaceState(null, "", location.pathname);
  byId("who").textContent = email;
  byId("ask").hidden = true;
  byId("done").hidden = false;
  byId("done-title").focus();
}

byId("show").addEventListener("change", ({ target }) => {
  byId("password").type = target.checked ? "text" : "password";
});

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  tell("");
  const misfits = fields.filter((field) => !byId(field).validity.valid);
  if (markAll(Object.fromEntries(misfits.map((field) => [field, byId(field).validationMessage])))) return;
  byId("send").disabled = true;
  try {
    await send();
  } catch {
    tell("Berth does not answer. Is it running? Try again in a moment.");
  } finally {
    byId("send").disabled = false;
  }
});

if (code === "") {
  tell(
    "This address is not the whole link. Open the one in the file that “berth start” names, with what follows the #.",
  );
} else {
  byId("form").hidden = false;
  byId("name").focus();
}
