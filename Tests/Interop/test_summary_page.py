"""The HTML part of the summary as people see it: on a desk and on a telephone, by day and by night.

The documents are the goldens of Tests/RelayMailTests. A picture of each is left behind with MAILDEDUP_KEEP=1.
"""
import colorsys
import re

import pytest

from peers.chromium import Chromium
from peers.relay import REPOSITORY

GOLDENS = REPOSITORY / "Tests" / "RelayMailTests" / "Goldens"
PAGES = sorted(path.stem for path in GOLDENS.glob("summary-*.html"))
WIDTHS = {"desk": 680, "telephone": 360}

# Every text with what is seen of it: its colours, the nearest background behind it, and where it stands.
TEXTS = """(() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const background = node => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (color != 'rgba(0, 0, 0, 0)') return color;
    }
    return 'rgb(255, 255, 255)';
  };
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), parent = walker.currentNode.parentElement;
    if (!text) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect(), style = getComputedStyle(parent);
    found.push({text, size: parseFloat(style.fontSize), color: style.color, background: background(parent),
      left: box.left, right: box.right, height: box.height});
  }
  return found;
})()"""

# Every cell that is drawn with, and the background behind its table.
BARS = """[...document.querySelectorAll('td[bgcolor]:empty')].map(cell => {
  const box = cell.getBoundingClientRect();
  return {color: getComputedStyle(cell).backgroundColor, width: box.width, height: box.height,
    background: getComputedStyle(document.querySelector('.card')).backgroundColor};
})"""


@pytest.fixture(scope="module")
def browser(peers):
    """One for all."""
    browser = Chromium(peers.folder / "profile")
    peers.endings.append(browser.close)
    return browser


@pytest.fixture(params=WIDTHS.values(), ids=WIDTHS)
def width(request) -> int:
    """Of the window."""
    return request.param


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request) -> bool:
    """The scheme that the reader prefers."""
    return request.param


def rgb(color: str) -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1, of a colour as the browser writes it."""
    red, green, blue = (float(part) / 255 for part in re.findall(r"[\d.]+", color)[:3])
    return red, green, blue


def turned(color: tuple[float, float, float]) -> tuple[float, float, float]:
    """What mail programs make of a colour that darken mails on their own: the same hue, light for dark."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*color)
    return colorsys.hls_to_rgb(hue, 1 - lightness, saturation)


def contrast(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """From 1 to 21 (WCAG 2.2, "contrast ratio")."""
    def luminance(color):
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def check_legible(browser: Chromium, change=lambda color: color) -> None:
    """Every text and every bar stands out from what is behind it, also when somebody changes all colours."""
    for text in browser.ask(TEXTS):
        assert contrast(change(rgb(text["color"])), change(rgb(text["background"]))) >= 4.5, text
        assert text["size"] >= 11 and text["height"] > 0, text
    for bar in browser.ask(BARS):
        assert contrast(change(rgb(bar["color"])), change(rgb(bar["background"]))) >= 3, bar
        assert bar["width"] > 0 and bar["height"] > 0, bar


def check_complete(browser: Chromium, name: str, width: int) -> None:
    """Everything that the text part lists is there, and nothing stands beyond the edge."""
    assert browser.ask("document.documentElement.scrollWidth") <= width
    texts = browser.ask(TEXTS)
    for text in texts:
        assert 0 <= text["left"] and text["right"] <= width + 1, text
    seen = re.sub(r"\s+", "", "".join(text["text"] for text in texts))
    plain = (GOLDENS / f"{name}.txt").read_text()
    for command in re.findall(r"dedupctl show \w+", plain):
        assert command.replace(" ", "") in seen
    for section, count in re.findall(r"(?m)^-- (Needs attention|Ongoing|Gone quiet): (\d+)", plain):
        assert f"{section.replace(' ', '')}·{count}" in seen
    entries = len(re.findall(r"dedupctl show", plain))
    charts = browser.ask("document.querySelectorAll('td.base').length")
    assert charts <= entries + 1


@pytest.mark.parametrize("name", PAGES)
def test_a_summary_is_complete_and_legible(browser, peers, name: str, width: int, dark: bool):
    """Whatever the width and the scheme."""
    browser.open((GOLDENS / f"{name}.html").read_text(), width, dark)
    browser.picture(peers.folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
    check_complete(browser, name, width)
    check_legible(browser)
    if not dark:
        check_legible(browser, turned)


def test_a_program_that_drops_style_sheets_shows_it_too(browser, width: int, dark: bool):
    """Outlook knows few of them: the colours that count stand in the elements."""
    html = (GOLDENS / "summary-stormy.html").read_text()
    plain = re.sub(r"(?s)<style>.*?</style>", "", html)
    assert plain != html
    browser.open(plain, width, dark)
    check_complete(browser, "summary-stormy", width)
    check_legible(browser)


def test_the_bars_are_as_high_as_the_counts(browser):
    """Columns of one chart, from the left: the heights of the outage in the golden, in fifths of the highest."""
    browser.open((GOLDENS / "summary-stormy.html").read_text(), WIDTHS["desk"], dark=False)
    heights = browser.ask("""(() => {
      const chart = document.querySelectorAll('td.base')[1].closest('table'), box = chart.getBoundingClientRect();
      const bars = [...chart.querySelectorAll('td[bgcolor]:empty:not(.base)')].map(bar => bar.getBoundingClientRect());
      return [...Array(24).keys()].map(hour => {
        const x = box.left + (hour + 0.5) * box.width / 24;
        return bars.filter(bar => bar.left < x && x < bar.right).length;
      });
    })()""")
    assert heights == [0] * 5 + [1, 4, 5, 3, 1] + [0] * 14
