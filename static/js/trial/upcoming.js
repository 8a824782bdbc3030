// Asks the server which trials come now, one question at a time.

import { isJson, waitMs } from "./outbox.js";

export class Upcoming {
  // `heard` has asked(), which answers the function that takes what the server says; gone() where the server has
  // a page that says what is the matter; failed(wait in milliseconds), which answers whether to ask again then.
  constructor(address, heard) {
    this.address = address;
    this.heard = heard;
    this.asking = null;
    this.isAskedAgain = false; // meanwhile something happened that the answer does not know of
    this.failures = 0;
    this.timer = null;
  }

  ask() {
    this.isAskedAgain = this.asking !== null;
    this.asking ??= this.once().finally(() => {
      this.asking = null;
      if (this.isAskedAgain) {
        this.ask();
      }
    });
    return this.asking;
  }

  async once() {
    clearTimeout(this.timer);
    const take = this.heard.asked();
    const response = await this.fetch();
    if (response === null || response.status >= 500 || response.status === 429) {
      this.askLater(response);
    } else if (!response.ok || !isJson(response)) {
      this.heard.gone();
    } else {
      this.failures = 0;
      take(await response.json());
    }
  }

  async fetch() {
    try {
      return await fetch(this.address, { credentials: "same-origin", cache: "no-store" });
    } catch {
      return null;
    }
  }

  askLater(response) {
    const wait = waitMs(this.failures, response);
    this.failures += 1;
    if (this.heard.failed(wait)) {
      this.timer = setTimeout(() => this.ask(), wait);
    }
  }
}
