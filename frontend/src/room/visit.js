// One visit to a sitting over the wire of live.md: joins, beats, comes back by itself, and asks the site while it cannot.
// It tells its page what it hears (`on`) and knows nothing of what the page looks like.
import { setClock } from "./clocks.js";

const FIRST_BEAT = 4_000;
const BEAT = 30_000; // ± 5 s, so that a crowd that came together does not beat together
const RESUME_LIFE = 9 * 60_000;
const LONGEST_WAIT = 30_000;
const AFTER_LIMITS = 60_000;
const TRIES_BEFORE_ASKING = 2;
const ASK_AGAIN = 15_000;
const LIKE_AGAIN = 10_000;
const TICKET_REFUSED = 4401;
const NO_SITTING = 4404;
const LIMITS = 1008;

const within = (ms) => Math.random() * ms;

export class Visit {
  // on: {stats(figures, at), fact(fact), missed(factNo), liked(), connected(isConnected), told(state)}
  // isHall: a desk or a screen of those who run the sitting; it is nobody's visit, does not beat and is not counted.
  constructor({ sitting, factNo, isHall, on }) {
    this.base = `/api/v1/sittings/${sitting}`;
    this.factNo = factNo;
    this.isHall = isHall;
    this.on = on;
    this.tries = 0;
    this.wantsLike = false;
    this.watched = 0;
    this.seenSince = document.visibilityState === "visible" ? performance.now() : null;
    this.beatNo = 0;
    document.addEventListener("visibilitychange", () => this.look());
    addEventListener("online", () => this.socket ?? this.open());
    this.open();
  }

  // -- coming and coming back

  async open() {
    clearTimeout(this.again);
    this.socket = null;
    try {
      const joining = await this.joining();
      this.listen(new WebSocket(this.url), joining);
    } catch {
      this.comeBack();
    }
  }

  async joining() {
    if (this.resume && performance.now() - this.greeted < RESUME_LIFE) {
      return { t: "join", resume: this.resume, since: this.factNo };
    }
    const answer = await fetch(`${this.base}/tickets`, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ hall: this.isHall }),
    });
    if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
    setClock(answer.headers.get("Date"));
    const { ticket, url } = await answer.json();
    this.url = url;
    return { t: "join", ticket, since: this.factNo };
  }

  listen(socket, joining) {
    this.socket?.close();
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(joining));
    socket.onmessage = ({ data }) => this.socket === socket && this.hear(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (code === TICKET_REFUSED) this.resume = null;
      if (code !== NO_SITTING) this.comeBack(code === LIMITS ? AFTER_LIMITS : 0);
    };
  }

  // Full jitter: after a restart of the gateway nobody comes in step with anybody.
  comeBack(atLeast = 0) {
    this.on.connected(false);
    clearTimeout(this.beating);
    const wait = this.retry ?? Math.min(LONGEST_WAIT, 1_000 * 2 ** this.tries);
    this.retry = undefined;
    this.tries += 1;
    if (this.tries > TRIES_BEFORE_ASKING) this.askInstead();
    clearTimeout(this.again);
    this.again = setTimeout(() => this.open(), atLeast + within(wait));
  }

  // -- hearing

  hear(frame) {
    switch (frame.t) {
      case "hello":
        this.greet(frame);
        break;
      case "tick":
        this.count(frame.stats, frame.at);
        for (const fact of frame.facts) {
          if (fact.fact_no <= this.factNo) continue;
          this.factNo = fact.fact_no;
          this.on.fact(fact);
        }
        break;
      case "liked":
        this.isLiked();
        break;
      case "resync":
        this.factNo = frame.fact_no;
        this.on.missed(frame.fact_no);
        break;
      case "bye":
        this.retry = 1_000 * frame.retry;
        break;
    }
  }

  greet({ resume, stats, liked, fact_no }) {
    const isFirst = this.tries > 0 || !this.greeted;
    this.resume = resume;
    this.greeted = performance.now();
    this.tries = 0;
    clearTimeout(this.asking);
    this.asking = undefined;
    this.factNo = Math.max(this.factNo, fact_no);
    this.on.connected(true);
    this.count(stats, new Date().toISOString());
    if (liked.includes("sitting")) this.isLiked();
    else if (this.wantsLike) this.like();
    if (isFirst && !this.isHall) this.beatIn(FIRST_BEAT);
  }

  count(stats, at) {
    if (stats && Object.keys(stats).length) this.on.stats(stats, at);
  }

  // -- saying

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  beatIn(ms) {
    clearTimeout(this.beating);
    this.beating = setTimeout(() => {
      this.beatNo += 1;
      const visible = this.seenSince !== null;
      this.say({ t: "beat", n: this.beatNo, visible, watched_ms: Math.round(this.watchedNow()) });
      this.beatIn(BEAT - 5_000 + within(10_000));
    }, ms);
  }

  look() {
    this.watched = this.watchedNow();
    this.seenSince = document.visibilityState === "visible" ? performance.now() : null;
  }

  watchedNow() {
    return this.watched + (this.seenSince === null ? 0 : performance.now() - this.seenSince);
  }

  // Kept until the counter has it: a like has no acknowledgement of its own.
  like() {
    this.wantsLike = true;
    this.say({ t: "like", to: "sitting" });
    clearTimeout(this.liking);
    this.liking = setTimeout(() => this.wantsLike && this.like(), LIKE_AGAIN);
  }

  isLiked() {
    this.wantsLike = false;
    clearTimeout(this.liking);
    this.on.liked();
  }

  // -- without a socket

  async askInstead() {
    if (this.asking !== undefined) return;
    this.asking = setTimeout(() => {
      this.asking = undefined;
      if (this.tries > 0) this.askInstead();
    }, ASK_AGAIN + within(5_000));
    try {
      const answer = await fetch(`${this.base}/state`, { headers: { Accept: "application/json" }, cache: "no-cache" });
      if (answer.ok) this.told(await answer.json());
    } catch {
      // still away: the page says since when its figures stand, and the next time comes by itself
    }
  }

  told(state) {
    this.count(state.stats, state.at);
    this.on.told(state);
    if (state.fact_no > this.factNo) {
      this.factNo = state.fact_no;
      this.on.missed(state.fact_no);
    }
  }
}
