// Keeps pictures that do not belong to a trial at one image pixel to one device pixel, whatever the window does.
import { fitToDevicePixels, watchWindow } from "../trial/pictures.js";

export function keepExact(images) {
  const fit = () => fitToDevicePixels(images, () => {});
  watchWindow(fit, fit);
  for (const image of images) {
    image.addEventListener("load", fit);
  }
  fit();
}

// Loaded by itself: the examples below the instructions.
keepExact([...document.querySelectorAll("img.exact")]);
