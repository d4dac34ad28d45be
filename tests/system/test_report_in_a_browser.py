"""The HTML report in a real browser: every plot has marks, the table sorts and filters, everybody can use it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.report.html import render
from hilbench.report.plots.plot import PLOTS
from hilbench.results.baseline import of_run
from tests.unit.report.report_examples import make_run

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'hilbench[dev]'"
)
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: sudo apt-get install chromium")

both = pytest.mark.parametrize("page", ["light", "dark"], indirect=True)

KIND = re.compile(r"\((measured|counted|modelled|static)\)")
"""What kind of number an axis shows, as it stands in its title."""

DRAWN = "details.group[data-drawn=done]"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    before, after = make_run(models=2, variants=6), make_run(models=2, variants=5)
    verdict = judge(of_run(before, "base.json"), of_run(after, "run"), Rules())
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(after, verdict))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as runner:
        chromium = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, browser, report: Path) -> Iterator[object]:
    """The open report; the test fails for any word on the console and any request that is not for the file itself."""
    context = browser.new_context(
        color_scheme=getattr(request, "param", "light"), viewport={"width": 1366, "height": 900}
    )
    opened, said, asked = context.new_page(), [], []
    opened.set_default_timeout(15_000)
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda sent: asked.append(sent.url))
    opened.goto(report.as_uri())
    opened.wait_for_selector(DRAWN)
    yield opened
    context.close()
    assert said == []
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {report.as_uri()}


def test_every_plot_has_marks(page) -> None:
    group = page.locator("details.group").first
    for name in set(PLOTS) - {"trend"}:
        marks = group.locator(f"[data-plot={name}] svg .role-mark path, [data-plot={name}] svg .role-mark line")
        assert marks.count() > 3, name
        titles = group.locator(f"[data-plot={name}] svg .role-axis-title text").all_text_contents()
        assert any(KIND.search(title) for title in titles) or name == "arena", name
    assert group.locator("[data-plot=trend]").is_hidden()


@both
def test_colours_follow_light_and_dark(page) -> None:
    fill = "element => getComputedStyle(element).fill"
    label = page.locator("[data-plot=memory] svg .role-axis-label text").first.evaluate(fill)
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert label == ink


@both
def test_no_accessibility_violations(page) -> None:
    for data in page.locator("details").all():
        data.evaluate("element => { element.open = true }")
    page.wait_for_function("document.querySelectorAll('details.group[data-drawn=done]').length === 2")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_columns_sort_both_ways_by_number(page) -> None:
    button = page.locator("#comparison th button", has_text="instructions")
    head = page.locator("#comparison th", has=page.locator("button", has_text="instructions"))
    place = head.evaluate("element => element.cellIndex")
    cells = f"[...document.querySelectorAll('#comparison tbody tr')].map(row => row.cells[{place}].dataset.value)"
    for direction in ("ascending", "descending"):
        button.press("Enter")
        assert head.get_attribute("aria-sort") == direction
        values = page.evaluate(cells)
        numbers = [float(value) for value in values if value is not None]
        assert numbers == sorted(numbers, reverse=direction == "descending") and len(set(numbers)) > 3
        assert values[-1] is None  # the result that has no value


def test_the_filter_narrows_to_all_words(page) -> None:
    page.fill("#filter", "model1 PATCH")
    visible = page.locator("#comparison tbody tr:visible")
    assert visible.count() == 2
    assert page.inner_text("#shown") == "2 of 10 rows"
    page.fill("#filter", "")
    assert visible.count() == 10


def test_a_row_leads_to_its_plots(page) -> None:
    second = page.locator("details.group").nth(1)
    assert second.get_attribute("open") is None
    page.locator("#comparison a", has_text="model1").first.click()
    page.wait_for_selector("details.group:nth-of-type(2)[data-drawn=done]")
    assert second.locator("[data-plot=pareto] svg").is_visible()


def test_a_mark_speaks_when_pointed_at(page) -> None:
    page.locator("[data-plot=sram] svg .mark-rect path").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "arena" in page.inner_text("#vg-tooltip-element")


def test_the_menu_chooses_the_variant_of_the_waterfall(page) -> None:
    bars = page.locator("[data-plot=layers]").first.locator("svg .mark-rect path")
    before = [bar.get_attribute("d") for bar in bars.all()]
    page.locator("[data-plot=layers] select").first.select_option(index=2)
    page.wait_for_timeout(100)
    assert [bar.get_attribute("d") for bar in bars.all()] != before


def test_data_of_a_plot_as_a_table(page) -> None:
    figure = page.locator("[data-plot=memory]").first
    figure.locator("summary").press("Enter")
    figure.locator(".data table tbody tr").first.wait_for()
    assert figure.locator(".data table tbody tr").count() == 5 * 24


def test_the_verdict_is_on_top_in_words(page) -> None:
    text = page.inner_text("#verdict")
    assert "✖ FAILED: 9 regressions" in text and "vanished" in text and "over budget" in text
    assert page.locator("main section").first.get_attribute("id") == "verdict"


def test_text_from_a_run_cannot_become_markup(page) -> None:
    assert page.locator("#comparison b").count() == 0
    assert page.locator("#comparison small", has_text="ram is too small <b>").count() == 1
