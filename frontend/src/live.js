// The public page of a sitting: moved by what the frames carry, never by fetching; writes go to the site by HTTPS.
import { draw, fill, showStats } from "./room/cards.js";
import { lengthOf, runClocks } from "./room/clocks.js";
import { Visit } from "./room/visit.js";

const SHOWN = 50;
const FETCH_WITHIN = 20_000; // 70,000 pages that missed something do not all ask at once
const NEWS_EVERY = 30_000;
const LIVES = { warmup: "before", ready: "before", live: "live", interrupted: "interrupted", held: "after", recorded: "after", postponed: "off", cancelled: "off" };
const GONE = new Set(["hidden", "withdrawn"]);

const page = document.querySelector("[data-sitting]");
const words = JSON.parse(page.dataset.words);
const part = (name) => document.querySelector(`[data-${name}]`);
const list = (name) => document.querySelector(`[data-list="${name}"]`);
const likeKey = `like:${page.dataset.sitting}`;

// ---- what is told to those who only hear

let lastNews = 0;
function announce(text) {
  part("announce").textContent = text;
}
function announceNews() {
  if (Date.now() - lastNews < NEWS_EVERY) return;
  lastNews = Date.now();
  announce(words.news);
}

// ---- cards

const cards = {
  sitting: showSitting,
  question: showQuestion,
  comment: (card) => put("comment", card, (element) => list("comment").prepend(element)),
  promise: (card) => put("promise", card, (element) => list("promise").append(element)),
};

function put(name, card, place) {
  const old = list(name).querySelector(`:scope > [data-id="${card.id}"]`);
  if (GONE.has(card.state)) return old?.remove();
  const element = draw(name, card);
  if (old) return old.replaceWith(element);
  place(element);
  while (list(name).children.length > SHOWN) list(name).lastElementChild.remove();
  announceNews();
}

function showQuestion(card) {
  const onAir = part("on-air");
  const isOnAir = card.state === "on_air";
  const old = list("question").querySelector(`:scope > [data-id="${card.id}"]`);
  if (isOnAir) {
    const isNew = onAir.hidden || onAir.dataset.id !== String(card.id);
    fill(onAir, card);
    onAir.dataset.id = card.id;
    onAir.hidden = false;
    if (isNew) announce(words.on_air + card.text);
  } else if (onAir.dataset.id === String(card.id)) {
    onAir.hidden = true;
  }
  if (card.state === "merged") return merge(card, old);
  const isMine = old?.querySelector("[aria-pressed]").getAttribute("aria-pressed") === "true";
  const answer = old?.querySelector(".said-answer");
  old?.remove();
  put("question", card, (element) => rank(element, card, isMine, answer));
}

function rank(element, card, isMine, answer) {
  const form = element.querySelector("[data-upvote]");
  form.setAttribute("action", form.getAttribute("action").replace(/\d+(?=\/upvote$)/, card.id));
  press(form, isMine);
  if (answer && card.state === "answered") element.lastElementChild.append(answer);
  place(element, card);
}

// By support, then by age, as the server lists them.
function place(element, { id, support }) {
  element.dataset.support = support;
  element.remove();
  const after = [...list("question").children].find((other) => {
    const more = support - Number(other.dataset.support);
    return more > 0 || (more === 0 && id < Number(other.dataset.id));
  });
  list("question").insertBefore(element, after ?? null);
}

// Those who asked the merged question ask the other one now; the card says how many there are.
function merge(card, old) {
  old?.remove();
  const into = card.into && list("question").querySelector(`:scope > [data-id="${card.into.id}"]`);
  if (!into) return;
  fill(into, card.into, ["support", "merged"]);
  place(into, card.into);
}

function showSitting(card) {
  const life = LIVES[card.state] ?? "announced";
  if (life !== page.dataset.life && words[life]) announce(words[life]);
  showLife(life);
  const segment = part("segment");
  segment.hidden = !card.segment;
  if (!card.segment) return;
  fill(segment, card.segment);
  const ends = Date.parse(card.segment.started_at) + 60_000 * card.segment.minutes;
  segment.querySelector("[data-ends]").dataset.ends = new Date(ends).toISOString();
}

function showLife(life) {
  page.dataset.life = life;
  for (const element of document.querySelectorAll("[data-during]")) {
    element.hidden = !element.dataset.during.split(" ").includes(life);
  }
}

// ---- missed something: the moving parts anew, as the server draws them

let fetching;
function fetchLater() {
  clearTimeout(fetching);
  fetching = setTimeout(fetchTalk, Math.random() * FETCH_WITHIN);
}

async function fetchTalk() {
  const answer = await fetch(`${page.dataset.talk}?fact_no=${visit.factNo}`);
  if (!answer.ok) return fetchLater();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const moving of fresh.querySelectorAll("[data-list], [data-on-air], [data-segment]")) {
    const name = moving.dataset.list;
    const here = name ? list(name) : moving.matches("[data-on-air]") ? part("on-air") : part("segment");
    here.replaceWith(document.importNode(moving, true));
  }
  const all = fresh.querySelector("[data-fact-no]");
  showLife(all.dataset.life);
}

// ---- the visit

const visit = new Visit({
  sitting: page.dataset.sitting,
  factNo: Number(page.dataset.factNo),
  isHall: false,
  on: {
    stats: showStats,
    fact: ({ data }) => cards[data?.kind]?.(data),
    missed: fetchLater,
    liked: () => keepLike("done"),
    connected: (isConnected) => {
      part("connection").hidden = isConnected;
    },
    told: ({ sitting, on_air: onAir }) => {
      if (sitting) showSitting(sitting);
      if (onAir) showQuestion(onAir);
      else part("on-air").hidden = true;
    },
  },
});

// ---- likes: kept here until the counter has them

const like = part("like");

function keepLike(how) {
  try {
    localStorage.setItem(likeKey, how);
  } catch {
    // a browser that keeps nothing: the like stands for as long as the page
  }
  like.setAttribute("aria-pressed", "true");
}

function keptLike() {
  try {
    return localStorage.getItem(likeKey);
  } catch {
    return null;
  }
}

like.hidden = false;
if (keptLike()) like.setAttribute("aria-pressed", "true");
if (keptLike() === "wanted") visit.wantsLike = true;
like.addEventListener("click", () => {
  if (like.getAttribute("aria-pressed") === "true") return;
  keepLike("wanted");
  visit.like();
});

// ---- writing

let token;
async function write(form, fields = {}) {
  token ??= (await (await fetch("/live/token")).json()).token;
  const body = new FormData(form);
  for (const [name, value] of Object.entries({ csrf_token: token, ...fields })) body.set(name, value);
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "application/json" } });
  const said = await answer.json();
  if (answer.ok) return said;
  throw Object.assign(new Error(said.title), { status: answer.status, said });
}

function refuse(error) {
  const fields = Object.values(error.said?.errors ?? {});
  const refusal = part("refusal");
  refusal.textContent = fields.join(" ") || (error.status ? error.message : words.failed);
  refusal.hidden = false;
}

async function attempt(form, work) {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  part("refusal").hidden = true;
  try {
    await work();
  } catch (error) {
    if (error.status === 401) form.submit();
    else refuse(error);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function say(form) {
  form.dataset.key ??= newKey(); // the same key until it has arrived: pressed twice or sent twice, it is said once
  const said = await write(form, { key: form.dataset.key });
  delete form.dataset.key;
  form.reset();
  thank(said);
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function thank({ id, text, receipt, href, withdraw }) {
  const thanks = part("thanks");
  thanks.querySelector("[data-receipt]").hidden = !receipt;
  thanks.querySelector("[data-code]").textContent = receipt ?? "";
  if (href) thanks.querySelector("[data-href]").href = href;
  thanks.hidden = false;
  announce(thanks.querySelector("p").textContent + (receipt ? ` ${receipt}` : ""));
  const own = draw("own", { id, text });
  const link = own.querySelector(".own-link");
  if (href) link.href = href;
  else link.remove();
  own.querySelector("[data-withdraw]").setAttribute("action", withdraw);
  list("own").prepend(own);
  document.getElementById("mine").hidden = false;
}

function press(form, isMine) {
  form.querySelector("button").setAttribute("aria-pressed", String(isMine));
}

async function upvote(form) {
  const { support } = await write(form);
  press(form, true);
  form.querySelector('[data-f="support"]').textContent = support.toLocaleString("en-US");
  form.closest("[data-support]").dataset.support = support;
  announce(words.voted);
}

async function withdraw(form) {
  const { state } = await write(form);
  const own = form.closest(".own");
  own.querySelector(".own-state").textContent = state;
  form.remove();
  announce(words.withdrawn);
}

const writes = { say, upvote, withdraw };

// Whoever has not proved a phone yet goes there by the plain form, which keeps what was typed.
page.addEventListener("submit", (event) => {
  const name = Object.keys(writes).find((known) => known in event.target.dataset);
  if (!name || !("signed" in page.dataset)) return;
  event.preventDefault();
  attempt(event.target, () => writes[name](event.target));
});

page.addEventListener("click", async ({ target }) => {
  const copy = target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard?.writeText(part("thanks").querySelector("[data-href]").href);
    announce(words.copied);
    copy.textContent = words.copied;
  }
});

page.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches(".ask textarea")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// ---- tabs and video

const tabs = [...part("tabs").querySelectorAll("a")];

function choose(id) {
  for (const tab of tabs) {
    const isChosen = tab.hash === `#${id}`;
    if (isChosen) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
    document.querySelector(tab.hash).hidden = !isChosen;
  }
  page.dataset.tab = id;
}

part("tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("a");
  if (!tab) return;
  event.preventDefault();
  choose(tab.hash.slice(1));
});
choose("questions");

const stage = part("stream");
let playing;

async function play(second) {
  const video = stage.nextElementSibling;
  playing ??= import(stage.dataset.player).then((player) => player.load(video, stage.dataset.stream));
  await playing;
  stage.hidden = true;
  video.hidden = false;
  if (second !== undefined) video.currentTime = second;
  await video.play();
}

page.addEventListener("click", ({ target }) => {
  if (target.closest("[data-play]")) play();
  const place = target.closest("[data-second]");
  if (place && stage && page.dataset.life === "after") play(Number(place.dataset.second));
});

runClocks();
