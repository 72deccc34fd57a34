// Those who run a sitting and the screen above them: few people, so a page that hears of something asks for itself anew.
import { showStats } from "./room/cards.js";
import { now, runClocks, setClock } from "./room/clocks.js";
import { Visit } from "./room/visit.js";

const SOON = 300; // several facts of one moment are one refresh
const UNDO = 4_000;

const room = () => document.querySelector("[data-room]");
const isScreen = document.documentElement.dataset.surface === "screen";
const part = (name) => document.querySelector(`[data-${name}]`);

// ---- keeping up

let soon;
let refreshing = false;

function refreshSoon() {
  clearTimeout(soon);
  soon = setTimeout(refresh, SOON);
}

async function refresh() {
  if (part("hold")) return;
  if (refreshing) return refreshSoon();
  refreshing = true;
  try {
    await (isScreen ? replace() : htmx.ajax("GET", location.href, { target: "#main", select: "#main", swap: "outerMorph" }));
    afterwards();
  } catch {
    // the site is away: the next fact or the next look brings it back
  } finally {
    refreshing = false;
  }
}

// A screen has nothing to press and nothing to keep: its parts are put anew.
async function replace() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  setClock(answer.headers.get("Date"));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const name of ["#main", "footer"]) {
    document.querySelector(name).replaceWith(document.importNode(fresh.querySelector(name), true));
  }
  fit();
}

// The words of a screen as large as its room allows.
function fit() {
  const main = document.getElementById("main");
  const text = document.querySelector(".screen-text");
  if (!text) return;
  for (let rem = innerWidth / innerHeight > 3 ? 10.5 : 8.5; rem > 2; rem -= 0.25) {
    text.style.fontSize = `${rem}rem`;
    if (main.scrollHeight <= main.clientHeight && main.scrollWidth <= main.clientWidth) return;
  }
}

if (isScreen) {
  fit();
  addEventListener("resize", fit);
}

let lost = false;
new Visit({
  sitting: room().dataset.sitting,
  factNo: Number(room().dataset.factNo),
  isHall: true,
  on: {
    stats: showStats,
    fact: refreshSoon,
    missed: refreshSoon,
    liked: () => {},
    told: () => {},
    connected(isConnected) {
      const line = part("connection");
      if (line) line.hidden = isConnected;
      if (isConnected && lost) refreshSoon();
      lost = !isConnected;
    },
  },
});
const every = Number(room().dataset.every);
if (every) setInterval(refresh, 1_000 * every);
runClocks();

// ---- forms without leaving the page

function send(form, submitter) {
  const body = new FormData(form, submitter);
  return htmx.ajax("POST", form.getAttribute("action"), { source: form, values: Object.fromEntries(body), target: "#main", select: "#main", swap: "outerMorph" });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest(".hall")) return;
  event.preventDefault();
  if (form.matches(".decide")) return decide(form, event.submitter);
  form.closest("[popover]")?.hidePopover();
  await send(form, event.submitter);
  form.reset();
  afterwards();
});

// ---- keys

const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || part("hold")) return;
  const key = event.key.toLowerCase();
  if (document.querySelector(".queue")) moderate(key, event);
  else if (!document.querySelector(":popover-open")) press(document.querySelector(`[data-key="${CSS.escape(key)}"]`), event);
});

function press(element, event) {
  if (!element) return;
  event.preventDefault();
  element.click();
}

// The second of the recording is the one at which the key was pressed.
document.addEventListener("beforetoggle", ({ target, newState }) => {
  const form = newState === "open" && target.querySelector?.("[data-promise]");
  if (!form || !form.dataset.opened) return;
  form.elements.second.value = Math.max(0, Math.floor((now() - Date.parse(form.dataset.opened)) / 1000));
  setTimeout(() => form.elements.words.focus());
}, true);

// ---- the moderators' queue. A decision is sent after a few seconds: until then U takes it back.

const decided = [];
let chosen = null;

const waiting = () => [...document.querySelectorAll(".pending:not([hidden])")];
const current = () => document.activeElement?.closest?.(".pending") ?? waiting().find((item) => item.id === chosen) ?? waiting()[0];

function moderate(key, event) {
  const item = current();
  const digit = /^[1-9]$/.test(key) && item?.querySelector(`details[open] [data-digit="${key}"]`);
  const opener = item?.querySelector(`[data-opens="${CSS.escape(key)}"]`);
  if (key === "j" || key === "k") move(key === "j" ? 1 : -1, event);
  else if (key === "u") takeBack();
  else if (key === "escape") closeReasons();
  else if (digit) press(digit, event);
  else if (opener) openReasons(opener, event);
  else press(item?.querySelector(`[data-key="${CSS.escape(key)}"]`), event);
}

function move(step, event) {
  event.preventDefault();
  const items = waiting();
  const at = items.indexOf(current());
  const onItem = document.activeElement?.closest?.(".pending");
  focusOn(items[Math.min(items.length - 1, Math.max(0, onItem ? at + step : at))]);
}

function focusOn(item) {
  if (!item) return;
  closeReasons();
  chosen = item.id;
  item.focus();
  item.scrollIntoView({ block: "nearest" });
}

function openReasons(details, event) {
  event.preventDefault();
  const isOpen = details.open;
  closeReasons();
  details.open = !isOpen;
  details.querySelector("button").focus();
}

function closeReasons() {
  for (const details of document.querySelectorAll(".reasons[open]")) details.open = false;
}

function decide(form, button) {
  const item = form.closest(".pending");
  const next = waiting()[waiting().indexOf(item) + 1] ?? waiting()[waiting().indexOf(item) - 1];
  const body = new FormData(form, button);
  const decision = { id: item.id, action: form.getAttribute("action"), body, words: said(button) };
  decision.timer = setTimeout(() => commit(decision), UNDO);
  decided.push(decision);
  item.hidden = true;
  tell(`${decision.words} · U`);
  focusOn(next);
}

// What a button says, without its key.
function said(button) {
  return [...button.childNodes].filter((part) => part.nodeName !== "KBD").map((part) => part.textContent).join("").trim();
}

async function commit(decision) {
  clearTimeout(decision.timer);
  decision.sent = true;
  try {
    const answer = await fetch(decision.action, { method: "POST", body: decision.body, keepalive: true, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error((await answer.json()).title);
  } catch (error) {
    tell(error.message, "late");
  }
  decided.splice(decided.indexOf(decision), 1);
  refreshSoon();
}

function takeBack() {
  const last = decided.findLast((decision) => !decision.sent);
  if (!last) return;
  clearTimeout(last.timer);
  decided.splice(decided.indexOf(last), 1);
  const item = document.getElementById(last.id);
  item.hidden = false;
  focusOn(item);
  tell("");
}

function tell(text, kind = "done") {
  const line = part("decided");
  line.textContent = text;
  line.dataset.kind = kind;
  line.hidden = !text;
}

// What was decided here stays out of the queue while it is under way, whatever a refresh brings.
function afterwards() {
  for (const { id } of decided) document.getElementById(id)?.toggleAttribute("hidden", true);
  if (chosen && document.querySelector(".queue") && document.activeElement === document.body) document.getElementById(chosen)?.focus();
}

addEventListener("pagehide", () => decided.filter((decision) => !decision.sent).forEach(commit));
