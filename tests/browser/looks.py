"""Looks at a page as it is laid out: what is lost, covered, too small for a finger, or without a ring."""

from typing import Any

from playwright.sync_api import Page

LEAST_TARGET_PX = 44
MOST_TABS = 200

# What can be seen of a selector. What is for screen readers alone is one pixel large.
SEEN = """(selector) => [...document.querySelectorAll(selector)].filter((one) =>
  one.getClientRects().length && getComputedStyle(one).visibility !== "hidden"
  && !one.closest(".unseen, .skip, option, noscript"))"""

# The page's overflow, and every text or control that reaches over an edge of the page, or is cut off. A box
# that scrolls may hold more than it shows.
LOST = f"""() => {{
  const root = document.documentElement, found = [], tell = (what, one) => found.push(
    `${{what}}: ${{one.outerHTML.slice(0, 90)}}`);
  if (root.scrollWidth > root.clientWidth) {{ found.push(`${{root.scrollWidth}} of ${{root.clientWidth}}`); }}
  for (const one of ({SEEN})("main *, header *, footer *")) {{
    const hasText = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!hasText && !one.matches("button, a, select, textarea, input, img")) {{ continue; }}
    const text = document.createRange();
    text.selectNodeContents(one);
    const box = (hasText ? text : one).getBoundingClientRect();
    const isOff = box.left < -0.5 || box.right > root.clientWidth + 0.5;
    if (isOff && !one.closest(".examples, .card-space, .scroll")) {{ tell("off", one); }}
    const isCut = getComputedStyle(one).overflow === "hidden" && one.scrollWidth > one.clientWidth;
    if (isCut) {{ tell("cut", one); }}
  }}
  return found;
}}"""

# Pairs of pictures and controls of which one lies on the other.
COVERED = f"""() => {{
  const all = ({SEEN})("button, select, textarea, input.number, .choice, .slider, .terms, .tick, .range, "
    + ".picture, .button, .foot a, .alone, .asked");
  const boxes = all.map((one) => one.getBoundingClientRect()), found = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {{
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const [one, other] = [all[i], all[i + 1 + j]].map((each) => each.outerHTML.slice(0, 60));
    if (Math.min(wide, high) > 0.5) {{ found.push(`${{one}} and ${{other}}`); }}
  }}));
  return found;
}}"""

# Buttons and boxes to tick that cannot be scrolled to, or that something else lies on.
OUT_OF_REACH = f"""() => ({SEEN})("main button, main .choice, main .tick").filter((one) => {{
  one.scrollIntoView({{ block: "nearest", behavior: "instant" }});
  const box = one.getBoundingClientRect();
  const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return box.top < -1 || box.bottom > innerHeight + 1 || !one.contains(hit);
}}).map((one) => `out of reach: ${{one.outerHTML.slice(0, 90)}}`)"""

# Targets smaller than a finger. A box to tick counts with its label; a link within a sentence may be as high
# as the sentence. Source: WCAG 2.2, 2.5.5 Target Size (Enhanced).
SMALL = f"""(least) => ({SEEN})("a[href], button, select, textarea, input").filter((one) => {{
  const around = one.parentElement;
  const isInline = one.matches("p > a") && around.textContent.trim() !== one.textContent.trim();
  const box = (one.closest("label") ?? one).getBoundingClientRect();
  return !isInline && Math.min(box.width, box.height) < least;
}}).map((one) => one.outerHTML)"""

# The ring around what has the focus, or around its label: how wide, and its contrast to what lies behind it.
# Source: WCAG 2.2, relative luminance and contrast ratio.
RING = """() => {
  const one = document.activeElement;
  if (one === document.body) { return null; }
  const name = one.outerHTML.slice(0, 120);
  const styleOf = (box) => getComputedStyle(box);
  const holder = [one, one.closest("label")].find((box) => box && styleOf(box).outlineStyle === "solid");
  if (!holder) { return { name, width: 0, contrast: 0 }; }
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((part) => linear(part / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  let behind = holder.parentElement;
  while (numbers(styleOf(behind).backgroundColor)[3] === 0) { behind = behind.parentElement; }
  const { outlineColor, outlineWidth } = styleOf(holder);
  const lights = [light(outlineColor), light(styleOf(behind).backgroundColor)];
  const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
  return { name, width: parseFloat(outlineWidth), contrast };
}"""


def misplaced(page: Page) -> list[str]:
    """What is off the page, cut off, or covered."""
    found: list[str] = page.evaluate(LOST) + page.evaluate(COVERED)
    return found


def faults(page: Page) -> list[str]:
    """What is misplaced on a page, and the controls that cannot be reached."""
    found: list[str] = misplaced(page) + page.evaluate(OUT_OF_REACH)
    return found


def small_targets(page: Page) -> list[str]:
    """What a finger would miss."""
    found: list[str] = page.evaluate(SMALL, LEAST_TARGET_PX)
    return found


def rings(page: Page) -> list[dict[str, Any]]:
    """The ring of everything that Tab leads to, once around the page."""
    found: list[dict[str, Any]] = []
    page.evaluate("() => { document.activeElement.blur(); window.getSelection().removeAllRanges(); }")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        ring = page.evaluate(RING)
        if ring is None or (found and ring["name"] == found[0]["name"]):
            break
        found.append(ring)
    return found
