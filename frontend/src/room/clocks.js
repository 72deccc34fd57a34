// Times as the city's clocks show them, and what is left of a segment, by the server's clock: a phone's may be wrong.
const minute = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

let skew = 0;

export function setClock(date) {
  const there = Date.parse(date ?? "");
  if (!Number.isNaN(there)) skew = there - Date.now();
}

export const now = () => Date.now() + skew;

export const minuteOf = (moment) => minute.format(new Date(moment));

export function lengthOf(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

// [data-ends]: what is left, and with data-over how long it has been over. [data-since]: how long ago.
export function runClocks() {
  const turn = () => {
    for (const clock of document.querySelectorAll("[data-ends]")) {
      if (!clock.dataset.ends) continue;
      const left = Math.round((Date.parse(clock.dataset.ends) - now()) / 1000);
      clock.textContent = left < 0 && "over" in clock.dataset ? `-${lengthOf(-left)}` : lengthOf(Math.max(0, left));
      clock.toggleAttribute("data-past", left < 0);
    }
    for (const clock of document.querySelectorAll("[data-since]")) {
      const waited = Math.max(0, Math.round((now() - Date.parse(clock.dataset.since)) / 1000));
      clock.textContent = lengthOf(waited);
      clock.toggleAttribute("data-past", waited > Number(clock.dataset.most ?? Infinity));
    }
  };
  turn();
  setInterval(turn, 1_000);
}
