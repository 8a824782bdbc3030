// The rings in their true size, and the arrow keys as the directions that they show.
import "./exact.js";

const DIRECTIONS = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  Backspace: "",
  Delete: "",
};

// A browser's own arrow keys go to the next radio button in the order of the page, which is another direction.
function choose(event) {
  if (event.key in DIRECTIONS && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    const radios = [...event.currentTarget.querySelectorAll("input")];
    const radio = radios.find(({ value }) => value === DIRECTIONS[event.key]);
    radio.checked = true;
    radio.focus();
  }
}

for (const ring of document.querySelectorAll(".ring")) {
  ring.addEventListener("keydown", choose);
}
