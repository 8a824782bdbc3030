// Answers that were given and that the server has not confirmed. They lie in the browser's storage, one entry
// each, so that neither a reload nor a closed window loses one, and go to the server in their order.

import { request, waitMs } from "./requests.js";

const LONGEST_MS = 2_000_000_000; // what the server's column holds
const LATEST_MS = 60_000; // between two tries of an answer that cannot be stored yet
const KEPT_MS = 30 * 24 * 3600 * 1000; // an answer so old that still cannot be stored is let go

const STORED = new Set([200, 201]);
const NOT_WANTED = new Set([404, 409, 410]); // the server's next trials say how to go on
const COME_AGAIN = new Set([408, 425, 429]);

// What becomes of an answer: stored, dropped, refused, early (one that comes before it is missing), or failed.
function verdictOn({ status, content }) {
  if (content !== null && STORED.has(status)) {
    return "stored";
  }
  // What says nothing in JSON is not our server's, and the answer is kept for ours.
  if (content === null || status < 400 || status >= 500 || COME_AGAIN.has(status)) {
    return "failed";
  }
  if (NOT_WANTED.has(status)) {
    return content.reason === "not-shown" ? "early" : "dropped";
  }
  return "refused";
}

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // the browser keeps nothing for this site
  }
}

export class Outbox {
  // `base` is the path below which this study's answers go, `rater` the mark of whom the page belongs to; `heard`
  // has settled(refusal) where an answer has left, stored or not, `refusal` null or what the server said against it;
  // failed(wait in milliseconds); and changed() where an answer has to wait for an earlier one, or another tab has
  // delivered the last.
  constructor(base, rater, heard) {
    this.base = base;
    this.prefix = `srstudy ${base} `;
    this.own = `${this.prefix}${rater} `;
    this.heard = heard;
    this.memory = new Map(); // what the storage did not take
    this.later = new Map(); // what cannot be stored yet: how often it was tried, and when it is again
    this.running = false;
    this.isIdle = false; // running, and what is left is sent later
    this.isOwed = false; // it is not told yet that all answers have left
    this.failures = 0;
    this.wake = () => {};
    window.addEventListener("storage", (event) => this.see(event));
  }

  get isDurable() {
    return this.memory.size === 0;
  }

  // [key, entry] of everything undelivered, oldest first. Read anew each time: other tabs add and remove.
  entries() {
    return this.kept((key) => key.startsWith(this.own), [...this.memory]);
  }

  // The same of other people who rated in this browser.
  others() {
    return this.kept((key) => key.startsWith(this.prefix) && !key.startsWith(this.own));
  }

  kept(isWanted, found = []) {
    const store = storage();
    for (let number = 0; store !== null && number < store.length; number += 1) {
      const key = store.key(number);
      if (key !== null && isWanted(key)) {
        const entry = this.read(store, key);
        if (entry !== null) {
          found.push([key, entry]);
        }
      }
    }
    return found.sort(([one], [other]) => (one < other ? -1 : 1));
  }

  read(store, key) {
    try {
      const entry = JSON.parse(store.getItem(key));
      return entry.path.startsWith(this.base) && entry.body instanceof Object ? entry : null;
    } catch {
      return null; // removed by another tab just now, or not written by this page
    }
  }

  paths() {
    return this.entries().map(([, entry]) => entry.path);
  }

  isEmpty() {
    return this.entries().length === 0;
  }

  // Whether the page may be left: what still lies here waits for an answer that another page has to give.
  isDone() {
    return this.entries().every(([key]) => this.waitOf(key) > 0);
  }

  // An entry has a key of its own: a list under one key could lose what two tabs add at once. After one that the
  // storage did not take none goes there: another tab would send it before the one in memory.
  add(path, body) {
    const last = this.entries().at(-1)?.[1].given ?? 0;
    const given = Math.max(Date.now(), last + 1); // in order even when the clock is set back
    const key = `${this.own}${String(given).padStart(16, "0")} ${Math.random().toString(36).slice(2)}`;
    const entry = { path, body, given };
    try {
      if (!this.isDurable) {
        throw new Error("an answer before this one is in memory");
      }
      storage().setItem(key, JSON.stringify(entry));
    } catch {
      this.memory.set(key, entry);
    }
  }

  remove(key) {
    this.memory.delete(key);
    this.later.delete(key);
    storage()?.removeItem(key);
  }

  // Another tab has delivered an answer, so the connection is there.
  see({ key, newValue }) {
    if (newValue === null && (key === null || key.startsWith(this.own))) {
      this.wake();
      if (this.isEmpty()) {
        this.heard.changed();
      }
    }
  }

  async deliver() {
    if (this.running) {
      if (this.isIdle) {
        this.wake();
      }
      return;
    }
    this.running = true;
    try {
      while (this.isWaitedFor() || this.others().length > 0) {
        const idle = this.untilNext();
        if (idle > 0) {
          this.isIdle = true;
          await this.pause(idle);
          this.isIdle = false;
          continue;
        }
        const wait = await this.oneTabAtATime(() => this.attempt());
        if (wait > 0) {
          this.heard.failed(wait);
          await this.pause(wait);
        }
      }
    } finally {
      this.running = false;
    }
  }

  // Whether answers of this page are here; tells once that another tab has delivered the last of them.
  isWaitedFor() {
    const isHere = !this.isEmpty();
    if (!isHere && this.isOwed) {
      this.failures = 0;
      this.heard.settled(null);
    }
    this.isOwed = isHere;
    return isHere;
  }

  // Where browsers have no locks two tabs may send the same answer twice, which the server takes as one.
  oneTabAtATime(work) {
    return navigator.locks ? navigator.locks.request(this.prefix, work) : work();
  }

  pause(wait) {
    return new Promise((done) => {
      const timer = setTimeout(done, wait);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  waitOf(key) {
    return Math.max(0, (this.later.get(key)?.at ?? 0) - performance.now());
  }

  // Milliseconds until something can be sent.
  untilNext() {
    return Math.min(...[...this.entries(), ...this.others()].map(([key]) => this.waitOf(key)));
  }

  // Sends the oldest answer, this rater's own first; gives the milliseconds to wait before it is sent again, 0 if it
  // is settled.
  async attempt() {
    const next = [...this.entries(), ...this.others()].find(([key]) => this.waitOf(key) === 0);
    if (next === undefined) {
      return 0; // another tab was quicker
    }
    const [key, entry] = next;
    const isOwn = key.startsWith(this.own);
    const response = await this.post(key, entry);
    const verdict = verdictOn(response);
    if (verdict === "early" || (verdict === "failed" && !isOwn)) {
      this.postpone(key, entry);
      if (isOwn) {
        this.failures = 0;
        this.heard.changed();
      }
    } else if (verdict === "failed") {
      this.failures += 1;
      return waitMs(this.failures - 1, response.askedMs);
    } else {
      this.settle(key);
      if (isOwn) {
        this.failures = 0;
        this.isOwed = !this.isEmpty();
        this.heard.settled(verdict === "refused" ? (response.content.detail ?? "") : null);
      }
    }
    return 0;
  }

  postpone(key, entry) {
    const tries = (this.later.get(key)?.tries ?? 0) + 1;
    this.later.set(key, { tries, at: performance.now() + Math.min(LATEST_MS, 500 * 2 ** tries) });
    if (Date.now() - entry.given > KEPT_MS) {
      this.remove(key);
    }
  }

  // What waited for an answer of the same rater can be sent now.
  settle(key) {
    this.remove(key);
    const rater = this.raterOf(key);
    for (const other of [...this.later.keys()].filter((one) => this.raterOf(one) === rater)) {
      this.later.set(other, { ...this.later.get(other), at: 0 });
    }
  }

  raterOf(key) {
    return key.slice(this.prefix.length).split(" ", 1)[0];
  }

  // The mark says whose answer it is where the cookie names another rater by now.
  post(key, entry) {
    const kept = Math.min(LONGEST_MS, Math.max(0, Date.now() - entry.given));
    return request(entry.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Rater": this.raterOf(key) },
      body: JSON.stringify({ ...entry.body, kept_ms: kept }),
      redirect: "error",
    });
  }
}
