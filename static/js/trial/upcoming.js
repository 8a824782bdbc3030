// Asks the server which trials come now, one question at a time.

import { request, waitMs } from "./requests.js";

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

  // Waits no longer for the answer to a question that was asked before the connection came back.
  askAnew() {
    this.ask();
    if (this.isAskedAgain) {
      this.controller.abort();
    }
  }

  async once() {
    clearTimeout(this.timer);
    this.controller = new AbortController();
    const take = this.heard.asked();
    const { status, content, askedMs } = await request(this.address, { cache: "no-store" }, this.controller);
    if (status === 0 || status >= 500 || status === 429) {
      this.askLater(askedMs);
    } else if (status !== 200 || content === null) {
      this.heard.gone();
    } else {
      this.failures = 0;
      take(content);
    }
  }

  askLater(askedMs) {
    if (this.isAskedAgain) {
      return; // which is at once
    }
    const wait = waitMs(this.failures, askedMs);
    this.failures += 1;
    if (this.heard.failed(wait)) {
      this.timer = setTimeout(() => this.ask(), wait);
    }
  }
}
