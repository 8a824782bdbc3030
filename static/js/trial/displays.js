// How a trial's pictures are shown: side by side, in one place by turns, or one after the other.
// Each display has begin() when the pictures appear, painted() when they can be seen, stop(), and says whether
// all was seen and whether the controls may be used.

const GAP_MS = 500; // of grey between two pictures

class SideBySide {
  hint = "";
  hasSeenAll = true;
  isAnswering = true;
  isWhole = true; // all pictures are on the screen at once

  begin() {}
  painted() {}
  stop() {}
  press() {
    return false;
  }
}

class OneSpot {
  isWhole = false;

  constructor(pair, changed) {
    this.sides = [...pair.querySelectorAll(".side")];
    this.changed = changed;
    this.shown = null;
    this.seen = new Set();
  }

  get hasSeenAll() {
    return this.seen.size === this.sides.length;
  }

  // Nothing but what can be seen changes, so the browser lays nothing out anew; null is grey.
  show(number) {
    this.sides.forEach((side, one) => side.classList.toggle("on", one === number));
    this.shown = number;
    if (number !== null) {
      this.seen.add(number);
    }
  }

  stop() {
    this.seen.clear();
    this.show(null);
  }
}

class InPlace extends OneSpot {
  isAnswering = true;

  constructor(pair, texts, { changed, swapped }) {
    super(pair, changed);
    this.swapped = swapped;
    this.hint = texts.see_both;
    this.isLive = false;
    this.held = null; // the pointer that holds the other picture up
    this.buttons = [...pair.querySelectorAll(".show button")];
    this.buttons.forEach((button, number) => button.addEventListener("click", () => this.turnTo(number)));
    pair.addEventListener("pointerdown", (event) => this.onPress(event));
    window.addEventListener("pointerup", (event) => this.onLetGo(event));
    window.addEventListener("pointercancel", (event) => this.onLetGo(event));
    // A long press of a finger would open the browser's menu for the picture.
    pair.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  begin() {
    this.isLive = true;
    this.show(0);
  }

  painted() {}

  show(number) {
    super.show(number);
    this.buttons.forEach((button, one) => button.setAttribute("aria-pressed", String(one === number)));
  }

  stop() {
    this.isLive = false;
    this.held = null;
    super.stop();
  }

  turnTo(number) {
    if (!this.isLive || number === this.shown) {
      return;
    }
    this.show(number);
    this.swapped();
    this.changed();
  }

  onPress(event) {
    const isPicture = event.target.classList.contains("picture");
    if (isPicture && event.isPrimary && event.button === 0 && this.held === null) {
      this.held = event.pointerId;
      this.turnTo(1 - this.shown);
    }
  }

  onLetGo(event) {
    if (this.held === event.pointerId) {
      this.held = null;
      this.turnTo(1 - this.shown);
    }
  }

  press(key) {
    if (key !== "x" || !this.isLive) {
      return false;
    }
    this.turnTo(1 - this.shown);
    return true;
  }
}

class Sequential extends OneSpot {
  constructor(pair, texts, { changed, answering }, seconds) {
    super(pair, changed);
    this.texts = texts;
    this.answering = answering;
    this.hint = texts.look;
    this.seconds = seconds; // null: as long as the rater likes
    this.isAnswering = false;
    this.timer = null;
    this.advance = pair.querySelector("#advance");
    this.advance.addEventListener("click", () => this.goOn());
  }

  begin() {
    this.show(0);
    this.isAnswering = false;
    this.advance.hidden = this.seconds !== null;
  }

  // The time of a picture begins where it can be seen.
  painted() {
    this.after(this.seconds);
  }

  after(seconds) {
    if (seconds !== null) {
      this.timer = setTimeout(() => this.goOn(), seconds * 1000);
    }
  }

  goOn() {
    if (this.shown === null) {
      return;
    }
    const next = this.shown + 1;
    const isLast = next === this.sides.length;
    super.show(null);
    if (isLast) {
      this.toTheAnswer();
    } else {
      this.timer = setTimeout(() => {
        this.show(next);
        this.after(this.seconds);
      }, GAP_MS);
    }
  }

  show(number) {
    super.show(number);
    const isLast = number === this.sides.length - 1;
    this.advance.textContent = isLast ? this.texts.give_answer : this.texts.next_picture;
  }

  toTheAnswer() {
    const hadFocus = document.activeElement === this.advance;
    this.advance.hidden = true;
    this.isAnswering = true;
    this.answering(hadFocus);
    this.changed();
  }

  stop() {
    clearTimeout(this.timer);
    this.advance.hidden = true;
    this.isAnswering = false;
    super.stop();
  }

  press() {
    return false;
  }
}

export function makeDisplay(pair, texts, heard) {
  const { display, seconds } = pair.dataset;
  if (display === "in_place") {
    return new InPlace(pair, texts, heard);
  }
  if (display === "sequential") {
    return new Sequential(pair, texts, heard, seconds ? Number(seconds) : null);
  }
  return new SideBySide();
}
