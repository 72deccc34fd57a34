// Cards (docs/facts.md) into the elements the server drew: data-f names the part of a card. Text only, never markup.
import { lengthOf, minuteOf } from "./clocks.js";

const ofText = (element, value) => {
  element.textContent = value ?? "";
};

const isChinese = document.documentElement.lang.startsWith("zh");

function dayOf(iso) {
  const say = (what) => new Intl.DateTimeFormat(isChinese ? "zh-CN" : "en-GB", { timeZone: "UTC", ...what }).format(new Date(iso));
  if (!isChinese) return say({ weekday: "short", day: "numeric", month: "short" }).replace(",", "");
  return `${say({ month: "long", day: "numeric" })}（${say({ weekday: "short" })}）`;
}

const parts = {
  support: (element, card) => ofText(element, number(card.support)),
  merged(element, card) {
    element.hidden = !card.merged;
    ofText(element.querySelector("b"), card.merged);
  },
  at(element, card) {
    element.dateTime = card.at;
    ofText(element, minuteOf(card.at));
  },
  second(element, card) {
    const isThere = card.second !== null && (card.kind === "promise" || card.state === "answered");
    element.hidden = !isThere;
    if (!isThere) return;
    element.dataset.second = card.second;
    ofText(element.querySelector("b"), lengthOf(card.second));
  },
  due_on: (element, card) => ofText(element, dayOf(card.due_on)),
  state(element, card) {
    element.replaceChildren();
    const tag = document.getElementById(`tag-${card.state}`);
    if (tag) element.append(tag.content.cloneNode(true));
  },
};

export const number = (value) => value.toLocaleString("en-US");

// With `only`, those parts of a card and no others.
export function fill(root, card, only = null) {
  for (const element of root.querySelectorAll("[data-f]")) {
    const name = element.dataset.f;
    if (only && !only.includes(name)) continue;
    (parts[name] ?? ((_, all) => ofText(element, all[name])))(element, card);
  }
}

export function draw(kind, card) {
  const element = document.getElementById(`card-${kind}`).content.cloneNode(true).firstElementChild;
  element.dataset.id = card.id;
  fill(element, card);
  return element;
}

export function showStats(stats, at) {
  for (const element of document.querySelectorAll("[data-stat]")) {
    if (element.dataset.stat in stats) element.textContent = number(stats[element.dataset.stat]);
  }
  for (const element of document.querySelectorAll("[data-asof]")) element.textContent = minuteOf(at);
}
