// Measures the window and says in numbers whether the study's largest pictures have room in it.
import { fill } from "../trial/scales.js";
import { watchWindow } from "../trial/pictures.js";

const PINCH_TOLERANCE = 0.01;

const needed = document.getElementById("measured");
const room = document.getElementById("room");
const goOn = document.getElementById("go-on");
const texts = JSON.parse(document.getElementById("texts").textContent);
const matches = (query) => window.matchMedia(query).matches;
const yesOrNo = (isTrue) => (isTrue ? "yes" : "no");

function measure() {
  const { clientWidth, clientHeight } = document.documentElement;
  return {
    page_width: clientWidth, // without the scroll bar, which the trials may have as well
    page_height: clientHeight,
    screen_width: window.screen.width,
    screen_height: window.screen.height,
    device_pixel_ratio: window.devicePixelRatio,
    pinch: window.visualViewport?.scale ?? 1,
    zoom_hint: window.outerWidth / window.innerWidth,
    touch_points: navigator.maxTouchPoints ?? 0,
    coarse: yesOrNo(matches("(pointer: coarse)")),
    fine: yesOrNo(matches("(any-pointer: fine)")),
  };
}

function judge(measured) {
  const { pictureWidth, pictureHeight, pictures, beside, touch } = needed.dataset;
  const ratio = measured.device_pixel_ratio;
  const sizes = {
    page_width: Math.round(measured.page_width * ratio),
    page_height: Math.round(measured.page_height * ratio),
    needed_width: Math.round(Number(pictureWidth) * Number(pictures) + Number(beside) * ratio),
    needed_height: Number(pictureHeight),
  };
  if (measured.coarse === "yes" && measured.fine === "no" && touch === undefined) {
    return [false, texts.touch];
  }
  if (Math.abs(measured.pinch - 1) > PINCH_TOLERANCE) {
    return [false, texts.pinched];
  }
  const fits = sizes.page_width >= sizes.needed_width && sizes.page_height >= sizes.needed_height;
  return [fits, fill(fits ? texts.fits : texts.small, sizes)];
}

function refresh() {
  const measured = measure();
  for (const [name, value] of Object.entries(measured)) {
    needed.querySelector(`[name="${name}"]`).value = String(value);
  }
  const [fits, sentence] = judge(measured);
  room.textContent = sentence;
  room.classList.toggle("problem", !fits);
  goOn.disabled = !fits;
}

watchWindow(refresh, refresh);
refresh();
