// The line below the pictures: what stands until the next answer, what is not stored, what is waited for, what
// to do now.

import { fill } from "./scales.js";

export class Status {
  notice = ""; // stands until the next answer
  undelivered = ""; // why the oldest answer is not stored yet
  waiting = ""; // why nothing is shown

  constructor(element, texts) {
    this.element = element;
    this.texts = texts;
  }

  say(hint) {
    const said = [this.notice, this.undelivered, this.waiting, hint].filter(Boolean).join(" ");
    if (this.element.textContent !== said) {
      this.element.textContent = said; // only what is new, or a screen reader would say it again
    }
  }

  notStored(isDurable, wait) {
    const texts = this.texts;
    const kept = fill(isDurable ? texts.kept : texts.kept_here, { seconds: wait / 1000 });
    this.undelivered = isDurable && !navigator.onLine
      ? `${texts.no_connection} ${texts.kept_until_back}`
      : `${texts.not_stored} ${kept}`;
  }
}

export function warnIfTooNarrow(line, text) {
  const missing = Math.ceil(document.documentElement.scrollWidth - document.documentElement.clientWidth);
  line.hidden = missing <= 0;
  line.textContent = missing > 0 ? fill(text, { pixels: missing }) : "";
}
