// The parts of the page of trials, and what stands around the pictures.

import { fitToDevicePixels } from "./pictures.js";
import { warnIfTooNarrow } from "./status.js";

export const given = (id) => JSON.parse(document.getElementById(id).textContent);
export const form = document.getElementById("trial");
export const pair = document.getElementById("pair");
export const frames = [...pair.querySelectorAll(".frame")];
export const next = document.getElementById("next");
export const texts = given("texts");

const heading = document.getElementById("question");
const place = document.getElementById("place");
const progress = document.getElementById("progress");
const narrow = document.getElementById("narrow");

export const answerPath = (trial) => form.dataset.answers.replace("/TOKEN/", `/${trial.token}/`);

export function showPlace(trial) {
  form.dataset.answer = answerPath(trial);
  place.textContent = trial.label;
  progress.max = trial.total;
  progress.value = trial.done;
}

export function showNothing() {
  place.textContent = "";
  frames.forEach((frame) => frame.replaceChildren());
}

// After an answer: the button that had the focus is off now, and Tab would lead past the page's end.
export function toTheBeginning() {
  heading.focus({ preventScroll: true });
}

// `isWhole`: all pictures of a trial stand on the page at once.
export function fit(isWhole) {
  const text = isWhole && frames.length > 1 ? texts.narrow : texts.narrow_one;
  fitToDevicePixels([...pair.querySelectorAll(".picture")], () => warnIfTooNarrow(narrow, text));
}
