// How an answer was given: how long it took, what the window was like, what happened meanwhile.

const DAY_MS = 24 * 3600 * 1000; // the longest duration that is stored

const whole = (milliseconds) => Math.min(DAY_MS, Math.max(0, Math.round(milliseconds)));

export class Measures {
  shownAt = null; // milliseconds since the page began, when the pictures were painted
  firstUseMs = null;
  toggles = 0;
  windowChanges = 0;
  restarts = 0;
  hiddenCount = 0;
  hiddenMs = 0;
  hiddenSince = null;

  shown() {
    this.shownAt = performance.now();
    this.hiddenSince = document.hidden ? this.shownAt : null;
  }

  // Shown anew after a change of the window: the clock begins again, what is counted goes on.
  restart() {
    this.seeVisibility(false);
    this.restarts += 1;
    this.shownAt = this.firstUseMs = null;
  }

  used() {
    this.firstUseMs ??= this.shownAt === null ? 0 : performance.now() - this.shownAt;
  }

  seeVisibility(isHidden) {
    if (this.shownAt === null) {
      return;
    }
    if (isHidden && this.hiddenSince === null) {
      this.hiddenSince = performance.now();
      this.hiddenCount += 1;
    } else if (!isHidden && this.hiddenSince !== null) {
      this.hiddenMs += performance.now() - this.hiddenSince;
      this.hiddenSince = null;
    }
  }

  circumstances(pointer) {
    return {
      duration_ms: whole(performance.now() - this.shownAt),
      first_interaction_ms: whole(this.firstUseMs),
      toggles: this.toggles,
      window_changes: this.windowChanges,
      restarts: this.restarts,
      hidden_count: this.hiddenCount,
      hidden_ms: whole(this.hiddenMs),
      device_pixel_ratio: window.devicePixelRatio,
      window_width: window.innerWidth,
      window_height: window.innerHeight,
      screen_width: window.screen.width,
      screen_height: window.screen.height,
      ...(pointer && { pointer }),
    };
  }
}
