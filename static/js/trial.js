// The trials of a rater, one after the other on one page: shows the pictures of each at the same moment, one
// image pixel to one device pixel, takes the answer, shows the next, and sends answers in the background.

import { makeDisplay } from "./trial/displays.js";
import { Measures } from "./trial/measures.js";
import { Outbox } from "./trial/outbox.js";
import * as page from "./trial/page.js";
import { afterPainting, decoded, giveUp, load, mount, watchWindow } from "./trial/pictures.js";
import { watchPointer } from "./trial/pointer.js";
import { fill, makeScales } from "./trial/scales.js";
import { makeShortcuts } from "./trial/shortcuts.js";
import { Status } from "./trial/status.js";
import { Upcoming } from "./trial/upcoming.js";

const AHEAD = 2; // trials whose pictures are fetched before their turn
const RELOAD_MS = 3000;
const GIVEN_UP_MS = 100; // until the browser has let go of a picture, and asks for it in earnest

const { form, frames, next, pair, texts } = page;
const status = new Status(document.getElementById("status"), texts);

let current = null; // the trial on the page
let queue = []; // the trials after it
let turn = 0; // grows whenever another trial is shown or the same one anew; what is late belongs to an older one
let isShown = false; // the pictures of the current trial are painted
let isRestarting = false; // and hidden until the window keeps still
let measures = new Measures();
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
const takesAnswer = () => isShown && display.isAnswering;
const shortcuts = makeShortcuts((key) => display.press(key) || (takesAnswer() && scales.press(key)));
const pointer = watchPointer(form, shortcuts);
const outbox = new Outbox(form.dataset.base, form.dataset.rater, {
  settled: (refusal) => {
    status.undelivered = "";
    status.notice = refusal === null ? status.notice : fill(texts.refused, { reason: refusal });
    refresh();
    upcoming.ask();
  },
  changed: () => {
    status.undelivered = "";
    refresh();
    if (current === null) {
      upcoming.ask();
    }
  },
  failed: (wait) => {
    status.notStored(outbox.isDurable, wait);
    status.waiting = current === null ? texts.used_up : status.waiting;
    refresh();
  },
});

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
  scales.enable(takesAnswer());
  document.body.classList.toggle("looking", !display.isAnswering);
  next.disabled = !takesAnswer() || !display.hasSeenAll || !scales.isComplete();
  status.say(hint());
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
  page.showPlace(trial);
  load(trial);
  mount(trial, frames);
  refresh();
  if (since !== null) {
    page.toTheBeginning();
  }
  reveal(since);
}

async function reveal(since) {
  const mine = turn;
  page.fit(display.isWhole);
  try {
    await decoded(current);
  } catch {
    if (mine === turn) {
      giveUp(current);
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
  page.toTheBeginning();
  page.showNothing();
  status.waiting = status.undelivered ? texts.used_up : "";
  refresh();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (next.disabled) {
    return;
  }
  const since = performance.now();
  const path = page.answerPath(current);
  outbox.add(path, { ...scales.answer(), ...measures.circumstances(pointer.kind) });
  answered.push(path);
  status.notice = "";
  showNext(since);
  outbox.deliver();
});

const upcoming = new Upcoming(form.dataset.upcoming, {
  asked: () => {
    const passed = new Set(outbox.paths()); // the server does not know yet that these are answered
    const before = answered.length;
    return ({ trials, go, rater }) => {
      if (rater !== form.dataset.rater) {
        leave(form.dataset.next); // somebody else has begun in another tab, and their page is another one
        return;
      }
      answered.slice(before).forEach((path) => passed.add(path));
      take(trials.filter((trial) => !passed.has(page.answerPath(trial))), trials.length === 0, go);
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

// `isOver`: the server has no trial now, not even one that was answered meanwhile.
function take(trials, isOver, go) {
  const known = new Map([current, ...queue].filter(Boolean).map((trial) => [trial.token, trial]));
  const wanted = trials.map((trial) => known.get(trial.token) ?? trial); // pictures on their way are kept
  if (wanted.length === 0) {
    queue = [];
    if (current === null && isOver) {
      leave(go ?? form.dataset.next);
    } else {
      outbox.deliver();
    }
    return;
  }
  queue = wanted.slice(1, 1 + AHEAD);
  if (wanted[0] !== current) {
    show(wanted[0], lastGiven);
  } else if (isShown) {
    queue.forEach(load);
  }
}

function leave(address) {
  if (outbox.isDone()) {
    window.location.replace(address);
  } else {
    outbox.deliver();
  }
}

watchWindow(
  (isFirst) => {
    page.fit(display.isWhole);
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

document.addEventListener("visibilitychange", () => measures.seeVisibility(document.hidden));
window.addEventListener("online", () => {
  outbox.wake();
  if (current === null || upcoming.asking !== null) {
    upcoming.askAnew();
  }
  [current, ...queue].filter(Boolean).forEach(giveUp);
  setTimeout(() => {
    if (isShown) {
      queue.forEach(load);
    } else if (current !== null && !isRestarting) {
      show(current);
    }
  }, GIVEN_UP_MS);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    outbox.deliver();
    upcoming.ask();
  }
});
window.addEventListener("beforeunload", (event) => {
  if (!outbox.isDone() || !outbox.isDurable) {
    event.preventDefault();
  }
});

if (outbox.isEmpty()) {
  const { trials, go } = page.given("upcoming");
  take(trials, trials.length === 0, go);
  outbox.deliver(); // what somebody else left in this browser
} else {
  // Answers from before a reload: what comes next is known once the server has them.
  page.showNothing();
  hide();
  refresh();
  outbox.deliver();
}
