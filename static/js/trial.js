// One trial: shows both pictures at the same moment, one image pixel to one device pixel, takes two
// scores, and sends them until the server has them.

const TERMS = ["Bad", "Poor", "Fair", "Good", "Excellent"];
const RETRY_MS = [1000, 2000, 4000, 8000];
const DAY_MS = 24 * 3600 * 1000; // the longest duration that is stored

// Stored now or before, or no longer wanted: the server's next page says which.
const GO_ON = new Set([200, 201, 404, 409, 410]);
const COME_AGAIN = new Set([408, 425, 429]);

const form = document.getElementById("trial");
const next = document.getElementById("next");
const status = document.getElementById("status");
const narrow = document.getElementById("narrow");
const pictures = [...document.querySelectorAll(".picture")];
const sliders = [...document.querySelectorAll(".slider")];

let shownAt = null; // milliseconds since the page began, when both pictures were painted
let sending = false;
let pressed = null; // the slider on which the main button, the finger or the pen went down
let undelivered = false; // an answer was given and the server has not confirmed it

// A picture's size in CSS pixels is its size in device pixels over their ratio, and its corner is
// moved onto the grid of device pixels: otherwise the browser would blend neighbours.
function fitToDevicePixels() {
  const ratio = window.devicePixelRatio;
  for (const picture of pictures) {
    picture.style.width = `${picture.getAttribute("width") / ratio}px`;
    picture.style.height = `${picture.getAttribute("height") / ratio}px`;
    picture.style.left = picture.style.top = "0px";
  }
  warnIfTooNarrow(); // before the corners are measured, because its line moves the pictures down
  for (const picture of pictures) {
    const corner = picture.getBoundingClientRect();
    const x = (corner.left + window.scrollX) * ratio;
    const y = (corner.top + window.scrollY) * ratio;
    picture.style.left = `${(Math.round(x) - x) / ratio}px`;
    picture.style.top = `${(Math.round(y) - y) / ratio}px`;
  }
}

function warnIfTooNarrow() {
  const missing = Math.ceil(document.documentElement.scrollWidth - document.documentElement.clientWidth);
  narrow.hidden = missing <= 0;
  narrow.textContent = missing > 0
    ? `Your window is ${missing} pixels too narrow to show both pictures at once. Please make it wider.`
    : "";
}

async function reveal() {
  fitToDevicePixels();
  try {
    await Promise.all(pictures.map((picture) => picture.decode()));
  } catch {
    status.textContent = "A picture could not be loaded. Trying again …";
    setTimeout(() => window.location.reload(), 3000);
    return;
  }
  document.body.classList.add("revealed");
  // The first frame paints the pictures, the second comes after it: the clock starts there.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    shownAt = performance.now();
    refresh();
  }));
}

function refresh() {
  const unset = sliders.filter((slider) => slider.classList.contains("unset"));
  next.disabled = shownAt === null || unset.length > 0 || sending;
  if (shownAt !== null && !sending) {
    status.textContent = unset.length > 0 ? "Set both sliders to go on." : "";
  }
}

function set(slider) {
  slider.classList.remove("unset");
  const value = Number(slider.value);
  const term = TERMS[Math.min(TERMS.length - 1, Math.floor(value / 20))];
  slider.setAttribute("aria-valuetext", `${Math.round(value)}, ${term}`);
  refresh();
}

// The arrow keys move a point at a time and not the tenth that the mouse can set.
const KEY_STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

function onKey(event) {
  const slider = event.currentTarget;
  if (event.key in KEY_STEPS) {
    slider.value = String(Number(slider.value) + KEY_STEPS[event.key]);
  } else if (event.key === "Home" || event.key === "End") {
    slider.value = event.key === "Home" ? slider.min : slider.max;
  } else if (event.key !== " ") {
    return;
  }
  event.preventDefault();
  set(slider);
}

function answer() {
  return {
    left_score: Number(sliders[0].value),
    right_score: Number(sliders[1].value),
    duration_ms: Math.min(DAY_MS, Math.round(performance.now() - shownAt)),
    device_pixel_ratio: window.devicePixelRatio,
    window_width: window.innerWidth,
    window_height: window.innerHeight,
  };
}

// What the server asks for in seconds; a date is left aside, and so is more than a minute.
function askedToWaitMs(response) {
  const seconds = Number(response?.headers.get("Retry-After"));
  return Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : 0;
}

async function reasonOf(response) {
  try {
    return (await response.json()).detail ?? "";
  } catch {
    return ""; // a page, and not the problem details that our server writes
  }
}

function letTryAgain(reason) {
  sending = false;
  for (const slider of sliders) {
    slider.disabled = false;
  }
  refresh();
  status.textContent = "Your rating is not stored, because the server did not accept it. "
    + `Please try again, or reload the page. ${reason}`;
}

async function send(body, attempt) {
  let response = null;
  try {
    response = await fetch(form.dataset.answer, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      credentials: "same-origin",
    });
  } catch {
    // No connection: the answer stays here and is sent again below.
  }
  if (response !== null && GO_ON.has(response.status)) {
    undelivered = false;
    window.location.replace(form.dataset.next);
    return;
  }
  if (response !== null && response.status < 500 && !COME_AGAIN.has(response.status)) {
    letTryAgain(await reasonOf(response));
    return;
  }
  const wait = Math.max(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], askedToWaitMs(response));
  status.textContent = "Your rating is not stored yet, because the server does not answer. "
    + `It is kept here and sent again in ${wait / 1000} s; please leave this page open.`;
  setTimeout(() => send(body, attempt + 1), wait);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (next.disabled || sending) {
    return;
  }
  sending = undelivered = true;
  const body = JSON.stringify(answer());
  for (const slider of sliders) {
    slider.disabled = true;
  }
  refresh();
  send(body, 0);
});

for (const slider of sliders) {
  slider.value = "50"; // a browser may restore what was there before a reload
  slider.addEventListener("input", () => set(slider));
  slider.addEventListener("keydown", onKey);
}
window.addEventListener("pointerdown", (event) => {
  const isMain = event.isPrimary && event.button === 0;
  pressed = isMain && sliders.includes(event.target) ? event.target : null;
});
// A click on the middle changes no value, so no input event tells of it. It counts when it is let go, and
// not when it begins: the thumb would come up under the pointer and hold the value where it is.
window.addEventListener("pointerup", () => {
  if (pressed !== null) {
    set(pressed);
  }
  pressed = null;
});
window.addEventListener("pointercancel", () => {
  pressed = null;
});
window.addEventListener("resize", fitToDevicePixels);
window.addEventListener("beforeunload", (event) => {
  if (undelivered) {
    event.preventDefault();
  }
});
reveal();
