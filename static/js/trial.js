// The trials of a rater, one after the other on one page: shows the pictures of each at the same moment, one
// image pixel to one device pixel, takes the answer, shows the next, and sends answers in the background.

import { makeDisplay } from "./trial/displays.js";
import { Measures } from "./trial/measures.js";
import { Outbox } from "./trial/outbox.js";
import { afterPainting, decoded, fitToDevicePixels, load, mount, watchWindow } from "./trial/pictures.js";
import { fill, makeScales } from "./trial/scales.js";
import { makeShortcuts } from "./trial/shortcuts.js";
import { Status, warnIfTooNarrow } from "./trial/status.js";
import { Upcoming } from "./trial/upcoming.js";

const AHEAD = 2; // trials whose pictures are fetched before their turn
const RELOAD_MS = 3000;

const given = (id) => JSON.parse(document.getElementById(id).textContent);
const form = document.getElementById("trial");
const heading = document.getElementById("question");
const place = document.getElementById("place");
const progress = document.getElementById("progress");
const pair = document.getElementById("pair");
const next = document.getElementById("next");
const narrow = document.getElementById("narrow");
const frames = [...pair.querySelectorAll(".frame")];
const texts = given("texts");
const status = new Status(document.getElementById("status"), texts);

let current = null; // the trial on the page
let queue = []; // the trials after it
let turn = 0; // grows whenever another trial is shown or the same one anew; what is late belongs to an older one
let isShown = false; // the pictures of the current trial are painted
let isRestarting = false; // and hidden until the window keeps still
let measures = new Measures();
let pointer = ""; // mouse, touch, pen or keyboard, used last
let answered = []; // addresses of the answers given on this page
let lastGiven = null; // when the answer before was given, while no trial is shown after it

const scales = makeScales(form, texts, () => {
  measures.used();
  refresh();
});
const display = makeDisplay(pair, texts, {
  changed: refresh,
  swapped: () => {
    measures.toggles += 1;
  },
  answering: (hadFocus) => {
    refresh();
    if (hadFocus) {
      scales.focus();
    }
  },
});
const shortcuts = makeShortcuts((key) => display.press(key) || (display.isAnswering && scales.press(key)));
const outbox = new Outbox(form.dataset.base, {
  stored: () => settled(""),
  dropped: () => settled(""),
  refused: (reason) => settled(fill(texts.refused, { reason })),
  failed: (wait) => {
    status.notStored(outbox.isDurable, wait);
    status.waiting = current === null ? texts.used_up : status.waiting;
    refresh();
  },
});

// An answer has left the outbox, stored or not.
function settled(said) {
  status.undelivered = "";
  status.notice = said || status.notice;
  refresh();
  upcoming.ask();
}

function hint() {
  if (!isShown) {
    return status.waiting ? "" : texts.loading;
  }
  if (!display.isAnswering || !display.hasSeenAll) {
    return display.hint;
  }
  return scales.isComplete() ? "" : scales.hint;
}

function refresh() {
  scales.enable(display.isAnswering);
  document.body.classList.toggle("looking", !display.isAnswering);
  next.disabled = !isShown || !display.isAnswering || !display.hasSeenAll || !scales.isComplete();
  status.say(hint());
}

const narrowText = display.isWhole && frames.length > 1 ? texts.narrow : texts.narrow_one;

function fit() {
  fitToDevicePixels([...pair.querySelectorAll(".picture")], () => warnIfTooNarrow(narrow, narrowText));
}

function hide() {
  turn += 1;
  isShown = isRestarting = false;
  document.body.classList.remove("revealed");
  display.stop();
  scales.reset();
}

// `since` is when the answer before was given, null where nothing was answered.
function show(trial, since = null) {
  hide();
  current = trial;
  lastGiven = null;
  status.waiting = "";
  measures = new Measures();
  form.dataset.answer = answerPath(trial);
  place.textContent = trial.label;
  progress.max = trial.total;
  progress.value = trial.done;
  load(trial);
  mount(trial, frames);
  refresh();
  toTheBeginning(since);
  reveal(since);
}

// The button that had the focus is off now, and Tab would lead past the page's end.
function toTheBeginning(since) {
  if (since !== null) {
    heading.focus({ preventScroll: true });
  }
}

async function reveal(since) {
  const mine = turn;
  fit();
  try {
    await decoded(current);
  } catch {
    if (mine === turn) {
      comeAgain(mine);
    }
    return;
  }
  if (mine !== turn) {
    return;
  }
  document.body.classList.add("revealed");
  display.begin();
  afterPainting(() => {
    if (mine !== turn) {
      return;
    }
    measures.shown();
    if (since !== null) {
      performance.measure("next-to-shown", { start: since, end: measures.shownAt });
    }
    isShown = true;
    display.painted();
    refresh();
    queue.forEach(load);
  });
}

// A picture is not there: perhaps the connection failed, perhaps the trial is no longer this rater's.
function comeAgain(mine) {
  status.waiting = texts.not_loaded;
  refresh();
  setTimeout(async () => {
    if (mine === turn) {
      await upcoming.ask();
    }
    if (mine === turn) {
      show(current);
    }
  }, RELOAD_MS);
}

function showNext(since) {
  const trial = queue.shift();
  if (trial !== undefined) {
    show(trial, since);
    return;
  }
  hide();
  current = null;
  lastGiven = since;
  toTheBeginning(since);
  frames.forEach((frame) => frame.replaceChildren());
  status.waiting = status.undelivered ? texts.used_up : "";
  refresh();
}

const answerPath = (trial) => form.dataset.answers.replace("/TOKEN/", `/${trial.token}/`);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (next.disabled) {
    return;
  }
  const since = performance.now();
  const path = answerPath(current);
  outbox.add(path, { ...scales.answer(), ...measures.circumstances(pointer) });
  answered.push(path);
  status.notice = "";
  showNext(since);
  outbox.deliver();
});

const upcoming = new Upcoming(form.dataset.upcoming, {
  asked: () => {
    const passed = new Set(outbox.paths()); // the server does not know yet that these are answered
    const before = answered.length;
    return ({ trials, go }) => {
      answered.slice(before).forEach((path) => passed.add(path));
      take(trials.filter((trial) => !passed.has(answerPath(trial))), passed, go);
    };
  },
  gone: () => leave(form.dataset.next),
  failed: (wait) => {
    if (current === null) {
      status.waiting = outbox.isEmpty() ? fill(texts.no_upcoming, { seconds: wait / 1000 }) : texts.used_up;
      refresh();
    }
    return current === null;
  },
});

function take(trials, passed, go) {
  const known = new Map([current, ...queue].filter(Boolean).map((trial) => [trial.token, trial]));
  const wanted = trials.map((trial) => known.get(trial.token) ?? trial); // pictures on their way are kept
  if (wanted.length === 0) {
    queue = [];
    if (current === null && passed.size === 0) {
      leave(go ?? form.dataset.next);
    }
    return;
  }
  const isSame = wanted[0] === current;
  queue = wanted.slice(1, 1 + AHEAD);
  if (!isSame) {
    show(wanted[0], lastGiven);
  } else if (isShown) {
    queue.forEach(load);
  }
}

function leave(address) {
  if (outbox.isEmpty()) {
    window.location.replace(address);
  }
}

watchWindow(
  (isFirst) => {
    fit();
    if (current === null || measures.shownAt === null) {
      return;
    }
    measures.windowChanges += isFirst ? 1 : 0;
    if (form.dataset.reshow && isShown) {
      status.notice = texts.window_changed;
      hide();
      isRestarting = true;
      measures.restart();
      refresh();
    }
  },
  () => {
    if (isRestarting) {
      isRestarting = false;
      reveal(null);
    }
  },
);

for (const [event, used] of [["pointerdown", (one) => one.pointerType || "mouse"], ["keydown", () => "keyboard"]]) {
  form.addEventListener(event, (one) => {
    pointer = used(one);
  }, { capture: true });
}
shortcuts.used = () => {
  pointer = "keyboard";
};
document.addEventListener("visibilitychange", () => measures.seeVisibility(document.hidden));
window.addEventListener("online", () => {
  outbox.wake();
  if (current === null) {
    upcoming.ask();
  }
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    outbox.deliver();
    upcoming.ask();
  }
});
window.addEventListener("beforeunload", (event) => {
  if (!outbox.isEmpty()) {
    event.preventDefault();
  }
});

if (outbox.isEmpty()) {
  const { trials, go } = given("upcoming");
  take(trials, new Set(), go);
} else {
  // Answers from before a reload: what comes next is known once the server has them.
  place.textContent = "";
  hide();
  refresh();
  outbox.deliver();
}
