"""The pages in a real Chromium: no console errors, nothing loaded, filters, keyboard, links, copying, accessibility."""

import json
from html import escape

import pytest
from browser_tools import AXE, chromium, need_browser
from kit_subjects import few, not_a_number, one_wrong, raising, right

from backproof.api import check
from backproof.catalogue import get_case
from backproof.matrix import as_data, judge_all
from backproof.page.matrix_page import badge, matrix_page

pytestmark = pytest.mark.browser

SLUGS = ("worked-example", "tanh-binary", "sigmoid-regression", "one-layer-regression", "wide-tanh")
SUBJECTS = {"right": right, "one_wrong": one_wrong, "nan": not_a_number, "raising": raising, "few": few}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    need_browser()
    where = tmp_path_factory.mktemp("pages")
    cases = [get_case(slug, dtype) for dtype in ("float64", "float32") for slug in SLUGS]
    for name, subject in SUBJECTS.items():
        result = check(subject, cases, autograd=False, target=f"my_file.py:{name}")
        (where / f"{name}.html").write_text(result.page(), encoding="utf-8")
        if name == "one_wrong":
            text = f"<!doctype html><html lang=en><title>n</title><main><h1>n</h1>{result._repr_html_()}</main></html>"
            (where / "notebook.html").write_text(text, encoding="utf-8")
    data = as_data(judge_all(["numpy"], autograd=False, cases=cases))
    (where / "matrix.html").write_text(matrix_page(data), encoding="utf-8")
    shown = f"<!doctype html><html lang=en><title>b</title><main><h1>b</h1>{badge('numpy', 'conforms')}</main></html>"
    (where / "badge.html").write_text(shown, encoding="utf-8")
    return where


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    need_browser()
    with chromium(tmp_path_factory.mktemp("light")) as browser:
        yield browser


@pytest.fixture(scope="module")
def dark(tmp_path_factory):
    need_browser()
    with chromium(tmp_path_factory.mktemp("dark"), dark=True) as browser:
        yield browser


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    need_browser()
    with chromium(tmp_path_factory.mktemp("phone"), width=375, height=700, phone=True) as browser:
        yield browser


NAMES = [*SUBJECTS, "matrix", "notebook", "badge"]


def opened(browser, folder, name, anchor=""):
    browser.get("about:blank")
    browser.get(f"{(folder / f'{name}.html').as_uri()}{anchor}")
    return browser


def complaints(browser):
    """What the console says, and everything that the page asked for beside itself."""
    asked = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    # chromedriver's own message to the frame of a file, not the page's.
    said = [
        entry["message"]
        for entry in browser.get_log("browser")
        if "'postMessage' on 'DOMWindow'" not in entry["message"]
    ]
    return said + browser.execute_script(asked)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_nothing_on_the_console_and_loads_nothing(light, folder, name):
    assert complaints(opened(light, folder, name)) == []


def test_the_console_is_heard(light, tmp_path):
    """The negative twin: an error and a picture that is not there are noticed."""
    (tmp_path / "bad.html").write_text("<script>nothing()</script><img src='none.png'>", encoding="utf-8")
    found = complaints(opened(light, tmp_path, "bad"))
    assert any("nothing is not defined" in line for line in found)
    assert any("none.png" in line for line in found)


def violations(browser):
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    asked = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done)"
    found = browser.execute_async_script(asked)
    assert found["testEngine"]["name"] == "axe-core"
    return [f"{entry['id']}: {node['html'][:120]}" for entry in found["violations"] for node in entry["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_accessibility_violation(request, folder, name, scheme):
    assert violations(opened(request.getfixturevalue(scheme), folder, name)) == []


@pytest.mark.parametrize("name", ["one_wrong", "matrix"])
def test_a_page_has_none_on_a_phone_either(phone, folder, name):
    assert violations(opened(phone, folder, name)) == []


def test_axe_finds_what_is_wrong(light, tmp_path):
    """The negative twin: grey on grey, and a picture without words."""
    head = "<!doctype html><html lang=en><title>x</title><main><h1>x</h1>"
    text = f"{head}<p style='color:#999;background:#aaa'>grey</p><img></main>"
    (tmp_path / "bad.html").write_text(text, encoding="utf-8")
    found = violations(opened(light, tmp_path, "bad"))
    assert {line.partition(":")[0] for line in found} >= {"color-contrast", "image-alt"}


@pytest.mark.parametrize("name", [*SUBJECTS, "matrix"])
def test_a_page_is_no_wider_than_a_phone(phone, folder, name):
    opened(phone, folder, name)
    wide = "return [document.documentElement.scrollWidth, window.innerWidth]"
    content, window = phone.execute_script(wide)
    assert content <= window == 375


def rows(browser, where):
    """The rows that are seen."""
    seen = f"return [...document.querySelectorAll('#{where} [data-text]')].filter((row) => row.offsetParent).length"
    return browser.execute_script(seen)


def form(browser, where):
    return browser.find_element("css selector", f"[data-filters={where}]")


def test_cases_are_filtered_by_words_status_and_dtype(light, folder):
    opened(light, folder, "one_wrong")
    everything = rows(light, "case-list")
    assert everything == 2 * len(SLUGS)
    filters = form(light, "case-list")
    filters.find_element("css selector", "input").send_keys("tanh binary")
    assert rows(light, "case-list") == 2
    assert filters.find_element("css selector", "[data-count]").text == f"2 of {everything} shown"
    filters.find_element("css selector", "select[name=dtype]").send_keys("float32")
    assert rows(light, "case-list") == 1
    filters.find_element("css selector", "button").click()
    light.execute_async_script("setTimeout(arguments[0], 50)")
    assert rows(light, "case-list") == everything
    filters.find_element("css selector", "select[name=status]").send_keys("deviates")
    assert rows(light, "case-list") == 2


def test_deviations_are_filtered_by_clause(light, folder):
    opened(light, folder, "nan")
    everything = rows(light, "deviation-list")
    filters = form(light, "deviation-list")
    filters.find_element("css selector", "select[name=clause]").send_keys("E17")
    some = rows(light, "deviation-list")
    assert 0 < some < everything
    filters.find_element("css selector", "input").send_keys("no such words")
    assert rows(light, "deviation-list") == 0


def test_a_link_to_a_deviation_shows_it_even_when_a_filter_hides_it(light, folder):
    opened(light, folder, "one_wrong")
    anchor = light.execute_script("return document.querySelector('.deviation').id")
    form(light, "deviation-list").find_element("css selector", "input").send_keys("nothing like it")
    assert rows(light, "deviation-list") == 0
    light.execute_script("location.hash = arguments[0]", anchor)
    light.execute_async_script("setTimeout(arguments[0], 200)")
    top = light.execute_script("return document.getElementById(arguments[0]).getBoundingClientRect().top", anchor)
    assert 0 <= top < 900


def test_everything_that_is_clicked_is_reached_by_the_keyboard(light, folder):
    from selenium.webdriver.common.keys import Keys

    opened(light, folder, "few")
    wanted = light.execute_script(
        "return [...document.querySelectorAll('a, button, input, select')].filter((e) => e.offsetParent).length"
    )
    reached = set()
    body = light.find_element("css selector", "body")
    body.click()
    for _ in range(3 * wanted):
        light.switch_to.active_element.send_keys(Keys.TAB)
        found = light.execute_script(
            "const e = document.activeElement; const all = [...document.querySelectorAll('a, button, input, select')];"
            "return all.indexOf(e)"
        )
        reached.add(found)
    assert len(reached - {-1}) == wanted > 20


def test_the_focus_is_seen(light, folder):
    from selenium.webdriver.common.keys import Keys

    opened(light, folder, "few")
    light.switch_to.active_element.send_keys(Keys.TAB)
    width = light.execute_script("return getComputedStyle(document.activeElement).outlineWidth")
    assert float(width.removesuffix("px")) >= 2


def test_the_line_that_reproduces_is_copied(light, folder):
    opened(light, folder, "one_wrong")
    light.execute_cdp_cmd("Browser.setPermission", {"permission": {"name": "clipboard-write"}, "setting": "granted"})
    button = light.find_element("css selector", "button[data-copy=reproduce]")
    light.execute_script("window.copied = ''; navigator.clipboard.writeText = async (text) => { copied = text; }")
    button.click()
    light.execute_async_script("setTimeout(arguments[0], 100)")
    text = light.find_element("id", "reproduce").text
    assert light.execute_script("return copied") == text
    assert text == "backproof check my_file.py:one_wrong --case tanh-binary --dtype float64"
    assert light.find_element("id", "told").get_attribute("textContent") == "copied"


def test_without_a_clipboard_it_is_selected_and_copied_the_old_way(light, folder):
    opened(light, folder, "one_wrong")
    light.execute_script("navigator.clipboard.writeText = async () => { throw new Error('denied'); }")
    light.find_element("css selector", "button[data-copy=reproduce]").click()
    light.execute_async_script("setTimeout(arguments[0], 100)")
    assert light.execute_script("return String(getSelection())").startswith("backproof check my_file.py:one_wrong")


def test_formulas_are_drawn_by_the_browser(light, folder):
    opened(light, folder, "right")
    sizes = light.execute_script(
        "return [...document.querySelectorAll('math')].map((m) => [m.getBoundingClientRect().width,"
        " m.getBoundingClientRect().height, m.querySelector('mfrac') !== null])"
    )
    assert len(sizes) > 40
    line = max(height for _, height, fraction in sizes if not fraction and height < 30)
    assert all(width > 20 and height > 10 for width, height, _ in sizes)
    assert max(height for _, height, fraction in sizes if fraction) > line


def test_a_cell_of_the_matrix_leads_to_its_evidence(light, folder):
    opened(light, folder, "matrix")
    light.find_element("css selector", "a[href='#numpy-E17']").click()
    light.execute_async_script("setTimeout(arguments[0], 100)")
    top = light.execute_script("return document.getElementById('numpy-E17').getBoundingClientRect().top")
    assert 0 <= top < 900
    assert light.execute_script("return location.hash") == "#numpy-E17"


def test_links_work_inside_a_notebooks_frame(light, folder):
    opened(light, folder, "notebook")
    light.switch_to.frame(light.find_element("css selector", "iframe"))
    light.find_element("css selector", "a[href='#about']").click()
    light.execute_async_script("setTimeout(arguments[0], 200)")
    assert light.execute_script("return document.getElementById('about').getBoundingClientRect().top") < 640
    assert rows(light, "case-list") == 2 * len(SLUGS)
    light.switch_to.default_content()
    assert light.execute_script("return location.hash") == ""


def test_without_scripts_everything_but_the_filters_is_there(folder, tmp_path):
    with chromium(tmp_path / "profile") as browser:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        opened(browser, folder, "one_wrong")
        assert "is not E17" in browser.find_element("css selector", ".sentence").text
        assert not form(browser, "case-list").is_displayed()
        assert browser.find_element("id", "case-tanh-binary-float64").is_displayed()


def test_on_paper_nothing_is_cut_and_nothing_is_to_be_clicked(light, folder):
    opened(light, folder, "one_wrong")
    try:
        light.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        shown = "return [...document.querySelectorAll('button, form, nav')].filter((e) => e.offsetParent).length"
        assert light.execute_script(shown) == 0
        background = light.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(255, 255, 255)"
        paper = {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}  # A4 less its margins
        light.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", paper)
        assert light.execute_script("return document.documentElement.scrollWidth") <= 718
        printed = light.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
        assert len(json.dumps(printed)) > 10_000
    finally:
        light.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        size = {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        light.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def test_what_a_subject_says_is_text_and_never_a_script(light, tmp_path):
    note = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"

    def run(_):
        raise OSError(note)

    from backproof.door import Subject

    page = check(Subject(name=note, run=run), [get_case("tanh-binary")], autograd=False).page()
    (tmp_path / "hostile.html").write_text(page, encoding="utf-8")
    opened(light, tmp_path, "hostile")
    assert light.title == f"{note}: broken"
    assert escape(note) in page or "&lt;script&gt;" in page
    assert complaints(light) == []
