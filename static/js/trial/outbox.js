// Answers that were given and that the server has not confirmed. They lie in the browser's storage, one entry
// each, so that neither a reload nor a closed window loses one, and go to the server in their order.

const RETRY_MS = [1000, 2000, 4000, 8000];
const PATIENCE_MS = 30_000; // after so long without an answer the request counts as lost
const LONGEST_MS = 2_000_000_000; // what the server's column holds

const STORED = new Set([200, 201]);
const NOT_WANTED = new Set([404, 409, 410]); // the server's next trials say how to go on
const COME_AGAIN = new Set([408, 425, 429]);

// What the server asks for in seconds; a date is left aside, and so is more than a minute.
function askedToWaitMs(response) {
  const seconds = Number(response?.headers.get("Retry-After"));
  return Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : 0;
}

export function waitMs(failures, response) {
  return Math.max(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], askedToWaitMs(response));
}

// Not our server's: a network that asks for a password, say, answers everything with a page of its own.
export function isJson(response) {
  return (response.headers.get("Content-Type") ?? "").includes("json");
}

async function reasonOf(response) {
  try {
    return (await response.json()).detail ?? "";
  } catch {
    return ""; // a page, and not the problem details that our server writes
  }
}

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // the browser keeps nothing for this site
  }
}

export class Outbox {
  // `base` is the path below which this study's answers go; `heard` has stored(), dropped(), refused(reason),
  // failed(wait in milliseconds).
  constructor(base, heard) {
    this.base = base;
    this.prefix = `srstudy ${base} `;
    this.heard = heard;
    this.memory = new Map(); // what the storage did not take
    this.running = false;
    this.failures = 0;
    this.wake = () => {};
  }

  get isDurable() {
    return this.memory.size === 0;
  }

  // [key, entry] of everything undelivered, oldest first. Read anew each time: other tabs add and remove.
  entries() {
    const found = [...this.memory];
    const store = storage();
    for (let number = 0; store !== null && number < store.length; number += 1) {
      const key = store.key(number);
      if (key?.startsWith(this.prefix)) {
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

  // An entry has a key of its own: a list under one key could lose what two tabs add at once.
  add(path, body) {
    const last = this.entries().at(-1)?.[1].given ?? 0;
    const given = Math.max(Date.now(), last + 1); // in order even when the clock is set back
    const key = `${this.prefix}${String(given).padStart(16, "0")} ${Math.random().toString(36).slice(2)}`;
    const entry = { path, body, given };
    try {
      storage().setItem(key, JSON.stringify(entry));
    } catch {
      this.memory.set(key, entry);
    }
  }

  remove(key) {
    this.memory.delete(key);
    storage()?.removeItem(key);
  }

  async deliver() {
    if (this.running) {
      return;
    }
    this.running = true;
    try {
      while (!this.isEmpty()) {
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

  // Sends the oldest answer; gives the milliseconds to wait before it is sent again, 0 if it is settled.
  async attempt() {
    const [first] = this.entries();
    if (first === undefined) {
      return 0; // another tab was quicker
    }
    const [key, entry] = first;
    const response = await this.post(entry);
    // What says nothing in JSON is not our server's, and the answer is kept for ours.
    const status = response !== null && isJson(response) ? response.status : 0;
    if (STORED.has(status)) {
      this.settle(key, () => this.heard.stored());
    } else if (NOT_WANTED.has(status)) {
      this.settle(key, () => this.heard.dropped());
    } else if (status >= 400 && status < 500 && !COME_AGAIN.has(status)) {
      const reason = await reasonOf(response);
      this.settle(key, () => this.heard.refused(reason));
    } else {
      this.failures += 1;
      return waitMs(this.failures - 1, response);
    }
    return 0;
  }

  settle(key, tell) {
    this.failures = 0;
    this.remove(key);
    tell();
  }

  async post(entry) {
    const kept = Math.min(LONGEST_MS, Math.max(0, Date.now() - entry.given));
    try {
      return await fetch(entry.path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...entry.body, kept_ms: kept }),
        credentials: "same-origin",
        redirect: "error",
        signal: AbortSignal.timeout?.(PATIENCE_MS),
      });
    } catch {
      return null; // no connection: the answer stays and is sent again
    }
  }
}
