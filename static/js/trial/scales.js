// What the rater answers with: two sliders, or one choice of several.

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// The arrow keys move a point at a time and not the tenth that the mouse can set.
const KEY_STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

class Sliders {
  constructor(sliders, texts, used) {
    this.sliders = sliders;
    this.texts = texts;
    this.used = used;
    this.hint = texts.set_both;
    this.pressed = null; // the slider on which the main button, the finger or the pen went down
    this.terms = [...sliders[0].parentElement.querySelectorAll(".terms li")].map((item) => item.textContent);
    for (const slider of sliders) {
      slider.addEventListener("input", () => this.set(slider));
      slider.addEventListener("keydown", (event) => this.onKey(event));
    }
    this.watchPresses();
  }

  // A click on the middle changes no value, so no input event tells of it. It counts when it is let go, and
  // not when it begins: the thumb would come up under the pointer and hold the value where it is.
  watchPresses() {
    window.addEventListener("pointerdown", (event) => {
      const isMain = event.isPrimary && event.button === 0;
      this.pressed = isMain && this.sliders.includes(event.target) ? event.target : null;
    });
    window.addEventListener("pointerup", () => {
      if (this.pressed !== null && !this.pressed.disabled) {
        this.set(this.pressed);
      }
      this.pressed = null;
    });
    window.addEventListener("pointercancel", () => {
      this.pressed = null;
    });
  }

  set(slider) {
    slider.classList.remove("unset");
    const value = Number(slider.value);
    const term = this.terms[Math.min(this.terms.length - 1, Math.floor(value / 20))];
    slider.setAttribute("aria-valuetext", fill(this.texts.said, { score: Math.round(value), term }));
    this.used();
  }

  onKey(event) {
    const slider = event.currentTarget;
    if (event.key in KEY_STEPS) {
      slider.value = String(Number(slider.value) + KEY_STEPS[event.key]);
    } else if (event.key === "Home" || event.key === "End") {
      slider.value = event.key === "Home" ? slider.min : slider.max;
    } else if (event.key !== " ") {
      return;
    }
    event.preventDefault();
    this.set(slider);
  }

  reset() {
    this.pressed = null;
    for (const slider of this.sliders) {
      slider.value = "50"; // a browser may restore what was there before a reload
      slider.classList.add("unset");
      slider.setAttribute("aria-valuetext", this.texts.unset);
    }
  }

  enable(isOn) {
    for (const slider of this.sliders) {
      slider.disabled = !isOn;
    }
  }

  isComplete() {
    return this.sliders.every((slider) => !slider.classList.contains("unset"));
  }

  answer() {
    const [left, right] = this.sliders.map((slider) => Number(slider.value));
    return { left_score: left, right_score: right };
  }

  focus() {
    this.sliders[0].focus();
  }

  press() {
    return false; // sliders have no single keys
  }
}

class Choices {
  constructor(radios, texts, used) {
    this.radios = radios;
    this.used = used;
    this.hint = texts.choose;
    for (const radio of radios) {
      radio.addEventListener("change", used);
    }
  }

  reset() {
    for (const radio of this.radios) {
      radio.checked = false;
    }
  }

  enable(isOn) {
    for (const radio of this.radios) {
      radio.disabled = !isOn;
    }
  }

  isComplete() {
    return this.radios.some((radio) => radio.checked);
  }

  answer() {
    const { name, value } = this.radios.find((radio) => radio.checked);
    return { [name]: name === "score" ? Number(value) : value };
  }

  focus() {
    this.radios[0].focus();
  }

  // A single key chooses; answers whether it meant one of the choices.
  press(key) {
    const radio = this.radios.find((one) => one.dataset.key === key && !one.disabled);
    if (radio === undefined) {
      return false;
    }
    radio.checked = true;
    radio.focus(); // so that Enter goes on from there
    this.used();
    return true;
  }
}

export function makeScales(form, texts, used) {
  const sliders = [...form.querySelectorAll(".slider")];
  const radios = [...form.querySelectorAll(".choice input")];
  return sliders.length > 0 ? new Sliders(sliders, texts, used) : new Choices(radios, texts, used);
}
