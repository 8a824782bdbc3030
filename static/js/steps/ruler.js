// A frame that the rater makes as wide as a bank card: by its corner, by the slider or by the buttons.

const card = document.getElementById("card");
const corner = document.getElementById("corner");
const width = document.getElementById("card_css_px");
const ratio = document.getElementById("device_pixel_ratio");

function show() {
  card.style.width = `${width.value}px`;
  ratio.value = String(window.devicePixelRatio);
}

function set(pixels) {
  width.value = String(pixels); // the slider keeps it between its ends
  show();
}

function step(pixels) {
  set(Number(width.value) + pixels);
}

width.addEventListener("input", show);
document.getElementById("narrower").addEventListener("click", () => step(-1));
document.getElementById("wider").addEventListener("click", () => step(1));
window.addEventListener("resize", show);
document.getElementById("step").addEventListener("submit", show);

corner.addEventListener("pointerdown", (event) => {
  const start = event.clientX - Number(width.value);
  const drag = (moved) => set(moved.clientX - start);
  corner.setPointerCapture(event.pointerId);
  corner.addEventListener("pointermove", drag);
  const letGo = () => corner.removeEventListener("pointermove", drag);
  corner.addEventListener("pointerup", letGo, { once: true });
  corner.addEventListener("pointercancel", letGo, { once: true });
  event.preventDefault();
});

show();
document.getElementById("go-on").disabled = false; // until now nothing was measured
