// Writes a moment as the clock of this device has it, in the page's language.

const shown = document.getElementById("local");
const time = shown.querySelector("time");
const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "short" });
time.textContent = format.format(new Date(time.dateTime));
shown.hidden = false;
