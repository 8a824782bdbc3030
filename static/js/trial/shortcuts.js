// Single keys, and the box that switches them off. Source: WCAG 2.2, 2.1.4 Character Key Shortcuts.

const REMEMBERED = "srstudy shortcuts";

function remembered() {
  try {
    return window.localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    window.localStorage.setItem(REMEMBERED, value);
  } catch {
    // Then it holds for this page alone.
  }
}

// The letter or digit that a key means; by its place where the keyboard writes other letters.
function keyOf(event) {
  const [latin] = event.key.match(/^[a-z0-9]$/i) ?? [event.code.replace(/^(Key|Digit|Numpad)/, "")];
  return latin.toLowerCase();
}

// `press(key)` answers whether it had a use for the key. Without the box on the page there are no single keys.
export function makeShortcuts(press) {
  const shortcuts = { used: () => {} };
  const box = document.getElementById("shortcuts");
  if (box === null) {
    return shortcuts;
  }
  box.checked = remembered() !== "off";
  box.addEventListener("change", () => remember(box.checked ? "on" : "off"));
  window.addEventListener("keydown", (event) => {
    if (!box.checked || event.repeat || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    if (press(keyOf(event))) {
      event.preventDefault();
      shortcuts.used();
    }
  });
  return shortcuts;
}
