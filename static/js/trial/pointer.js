// What the rater answers with: mouse, touch, pen or keyboard.

// `kind` of what it gives is the one used last, empty where none was used yet.
export function watchPointer(form, shortcuts) {
  const pointer = { kind: "" };
  const follow = (event, kindOf) => form.addEventListener(event, (one) => {
    pointer.kind = kindOf(one);
  }, { capture: true });
  follow("pointerdown", (one) => one.pointerType || "mouse");
  follow("keydown", () => "keyboard");
  shortcuts.used = () => {
    pointer.kind = "keyboard";
  };
  return pointer;
}
