// What every page may use: htmx for fragments, counters beside long texts, a button that prints.
import "htmx.org/dist/htmx.esm.js";

function count(field) {
  const output = field.closest(".field")?.querySelector("output");
  if (output) output.textContent = [...field.value].length;
}

document.addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-max]")) count(target);
});

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-print]")) print();
});

// The number of a line (a link to its field) leads to the line itself.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-line]");
  if (!link) return;
  event.preventDefault();
  const field = document.querySelector(link.hash);
  const lines = field.value.split("\n");
  const start = lines.slice(0, link.dataset.line - 1).join("\n").length + (link.dataset.line > 1 ? 1 : 0);
  field.focus();
  field.setSelectionRange(start, start + lines[link.dataset.line - 1].length);
  field.scrollTop = (field.scrollHeight / lines.length) * (link.dataset.line - 5);
});

document.getElementById("errors")?.focus(); // the summary of what is wrong is read first

// A form with a [data-keep] line keeps what is typed on the server while it is typed; the line says so.
const waiting = new WeakMap();
const keeping = new WeakMap();

async function keep(form, line) {
  const sent = new FormData(form);
  for (const [name, value] of sent) if (value instanceof File) sent.delete(name);
  const way = new AbortController();
  keeping.set(form, way);
  const answer = await fetch(line.dataset.keep, { method: "POST", body: sent, signal: way.signal }).catch(() => null);
  if (answer?.ok) line.textContent = await answer.text();
}

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  const line = form?.querySelector("[data-keep]");
  if (!line) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(keep, 1000, form, line));
});

// What is sent need not be kept any more, and would be refused once the step is done.
document.addEventListener("submit", ({ target }) => {
  clearTimeout(waiting.get(target));
  keeping.get(target)?.abort();
});
