// The pictures of a trial: fetched and decoded ahead, shown one image pixel to one device pixel.

import { inTime, PATIENCE_MS } from "./requests.js";

const hasFailed = (image) => image.complete && image.naturalWidth === 0;

function makeImage({ src, width, height }) {
  const image = new Image();
  image.className = "picture";
  image.alt = "";
  image.draggable = false;
  image.decoding = "sync"; // painted whole in the frame that shows it, and not in one of the next
  image.setAttribute("width", width);
  image.setAttribute("height", height);
  image.src = src;
  return image;
}

// Fetches a trial's pictures; what is there or on its way stays, what failed is asked for again.
export function load(trial) {
  trial.images = trial.pictures.map((picture, number) => {
    const there = trial.images?.[number];
    return there === undefined || hasFailed(there) ? makeImage(picture) : there;
  });
}

// Rejects where a picture fails or takes too long. Each time it is given twice as long: it may be large,
// and the line slow.
export function decoded(trial) {
  return inTime((signal) => Promise.race([
    Promise.all(trial.images.map((image) => image.decode())),
    new Promise((_, reject) => signal.addEventListener("abort", () => {
      trial.givenUp = (trial.givenUp ?? 0) + 1;
      reject();
    })),
  ]), PATIENCE_MS * 2 ** (trial.givenUp ?? 0));
}

// A picture that has not come in all this time is fetched from the beginning by the next `load`.
export function giveUp(trial) {
  trial.images = trial.images?.map((image) => {
    if (image?.complete) {
      return image;
    }
    image?.removeAttribute("src"); // or the one fetched anew would wait for this one
    return undefined;
  });
}

// Puts a trial's pictures into their frames, where they stay unseen until the page reveals them.
export function mount(trial, frames) {
  frames.forEach((frame, number) => {
    const image = trial.images[number];
    image.alt = frame.dataset.alt;
    frame.replaceChildren(image);
  });
}

// A picture's size in CSS pixels is its size in device pixels over their ratio, and its corner is
// moved onto the grid of device pixels: otherwise the browser would blend neighbours.
// `measured` runs between the two: a line that it shows may move the pictures.
export function fitToDevicePixels(images, measured) {
  const ratio = window.devicePixelRatio;
  for (const image of images) {
    image.style.width = `${image.getAttribute("width") / ratio}px`;
    image.style.height = `${image.getAttribute("height") / ratio}px`;
    image.style.left = image.style.top = "0px";
  }
  measured();
  for (const image of images) {
    const corner = image.getBoundingClientRect();
    const x = (corner.left + window.scrollX) * ratio;
    const y = (corner.top + window.scrollY) * ratio;
    image.style.left = `${(Math.round(x) - x) / ratio}px`;
    image.style.top = `${(Math.round(y) - y) / ratio}px`;
  }
}

// The first frame paints what was changed, the second comes after it.
export function afterPainting(work) {
  requestAnimationFrame(() => requestAnimationFrame(work));
}

const SETTLED_MS = 400;

// Size, zoom and pinch. The height is that of the page's frame, which an address line that slides away does
// not change; the width is that of the window, which a scroll bar does not change.
function windowState() {
  const { clientHeight } = document.documentElement;
  const scale = window.visualViewport?.scale ?? 1;
  return [window.innerWidth, clientHeight, window.devicePixelRatio, scale].join(" ");
}

// Calls `changing(isFirst)` at every change of the window and `settled()` once it has kept still for a while.
export function watchWindow(changing, settled) {
  let known = windowState();
  let timer = null;
  const check = () => {
    const now = windowState();
    if (now === known) {
      return;
    }
    known = now;
    const isFirst = timer === null;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      settled();
    }, SETTLED_MS);
    changing(isFirst);
  };
  const followRatio = () => {
    const same = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    same.addEventListener("change", () => {
      check();
      followRatio();
    }, { once: true });
  };
  followRatio();
  window.addEventListener("resize", check);
  window.visualViewport?.addEventListener("resize", check);
}
