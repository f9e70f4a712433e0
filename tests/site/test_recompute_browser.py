"""Forest plots that a reader pools again, in Chromium: what they say is what the package says."""

from __future__ import annotations

import pytest
from recomputing import (
    COUNTS,
    FIRST,
    block,
    by_tables,
    drawn,
    pooled,
    pools,
    posteriors,
    same,
    tables,
)

from livingreview.render.numbers import number, percent
from livingreview.review.pools import natural

KNEE, ALONE = "notebooks/knee-osteoarthritis/index", "sci-motor-change-6-12"
TWO = "hip-pain-added-12-24"
OWN = "Your selection, not the published analysis"

# Choose a state by the controls, and read what the figure says.
_SAID = """states => states.map(({without, model, interval}) => {
  const figure = document.querySelector("figure.lr-forest"), form = figure.querySelector("form");
  figure.querySelectorAll("[data-trial] input").forEach(box => {
    box.checked = !without.includes(box.closest("tr").dataset.trial); });
  form.elements.model.value = model;
  form.elements.interval.value = interval;
  form.elements.model.dispatchEvent(new Event("change", {bubbles: true}));
  const said = row => !row || row.hidden ? null : [...row.cells].slice(-3, -1).map(
    cell => cell.textContent.trim());
  return {pooled: said(figure.querySelector(".lr-pooled")),
          prediction: said(figure.querySelector(".lr-prediction")),
          weights: Object.fromEntries([...figure.querySelectorAll("[data-trial]")].map(
            row => [row.dataset.trial, said(row)[0]])),
          status: figure.querySelector(".lr-state").textContent};
})"""


@pytest.fixture
def opened(window, address):
    """Opens a page of the site, with its controls where it has any."""
    def open_(name: str, query: str = "", width: int = 1280, scripts: bool = True):
        page = window(width, scripts=scripts)
        page.goto(f"{address}/{name}.html{query}")
        return page

    return open_


def _try(page) -> None:
    """Open the controls."""
    page.locator("figure.lr-forest details.lr-try > summary").click()
    page.wait_for_selector("tr[data-trial] input")


def _texts(page) -> list[str]:
    return [text.strip() for text in page.locator("figure.lr-forest tbody tr").all_text_contents()]


def _said(analysis: str, found) -> tuple[str, str | None]:
    """Estimate and prediction interval as a page says them."""
    log, decimals = block(analysis)["log"], block(analysis)["decimals"]

    def value(x: float) -> str:
        return number(natural("RR" if log else "MD", x), decimals)

    estimate = f"{value(found.estimate)} ({value(found.ci_low)} to {value(found.ci_high)})"
    return estimate, found.pi_low and f"{value(found.pi_low)} to {value(found.pi_high)}"


def test_chromium_has_the_numbers_of_the_package(opened, address):
    page = opened("book/index")
    calls, wanted = pools()
    calls += [["mantelHaenszel", table.tolist()] for table in tables()]
    wanted += [by_tables(table) for table in tables()]
    for part, more in zip((calls, wanted), posteriors(), strict=True):
        part += more
    found = page.evaluate("""async ([address, calls]) => {
      const module = await import(address);
      return calls.map(([name, ...values]) => module[name](...values));
    }""", [f"{address}/_static/stats.mjs", calls])
    for call, answer, value in zip(calls, found, wanted, strict=True):
        assert (answer is None) == (value is None), call
        if value:
            same(answer, value, call)


@pytest.mark.parametrize(("name", "analysis", "draws"), [
    (KNEE, FIRST, 200), (f"figures/{COUNTS}", COUNTS, 60)])
def test_states_say_what_the_package_says(opened, name, analysis, draws):
    page, states = opened(name), drawn(analysis, draws)
    _try(page)
    for chosen, said in zip(states, page.evaluate(_SAID, states), strict=True):
        found, beside = pooled(analysis, chosen)
        assert said["pooled"][1] == _said(analysis, found)[0], chosen
        ends = said["prediction"] and said["prediction"][1]
        changed = OWN in said["status"]
        assert ends == _said(analysis, beside)[1], chosen
        inside = [m["id"] for m in block(analysis)["members"] if m["id"] not in chosen["without"]]
        weights = dict(zip(inside, found.weights, strict=True))
        for trial, weight in said["weights"].items():
            if trial in weights:
                assert weight in (percent(weights[trial]), "0% #"), (trial, chosen)
            elif trial in chosen["without"]:
                assert weight == "", (trial, chosen)
        data = block(analysis)
        free = chosen["model"] not in ("MH", "posterior")
        assert changed == bool(chosen["without"] or chosen["model"] != data["model"] or (
            free and chosen["interval"] != data["interval"]))


@pytest.mark.parametrize("name", [KNEE, f"figures/{FIRST}", f"figures/{COUNTS}",
                                  "figures/knee-pain-any-3-6", f"figures/{ALONE}",
                                  f"figures/{TWO}"])
def test_the_untouched_figure_stays_as_published_and_comes_back(opened, name):
    page = opened(name)
    before = _texts(page)
    _try(page)
    assert _texts(page) == before
    assert page.locator(".lr-state").inner_text().startswith("The published analysis: ")
    page.locator("tr[data-trial] input").first.uncheck()
    page.select_option("select[name=model]", "DL")
    assert _texts(page) != before
    assert page.locator(".lr-state").inner_text().startswith(f"{OWN}: ")
    page.locator("button[type=reset]").click()
    page.wait_for_function("!location.search")
    assert _texts(page) == before


def test_a_posterior_is_drawn_as_such_and_any_other_pool_as_a_diamond(opened):
    page = opened(f"figures/{TWO}")
    shapes = page.locator(".lr-pooled svg svg > *")
    published = shapes.get_attribute("d")
    assert shapes.get_attribute("class") == "lr-diamond lr-lens"
    _try(page)
    page.select_option("select[name=model]", "common")
    assert shapes.evaluate("x => [x.tagName, x.getAttribute('class')]") == ["polygon", "lr-diamond"]
    assert page.locator(".lr-prediction").is_hidden()
    page.select_option("select[name=model]", "posterior")
    assert shapes.get_attribute("d") == published
    page = opened(f"figures/{FIRST}", "?model=posterior")
    assert shapes.count() == 1 and page.locator(".lr-pooled path.lr-lens").count() == 1


def test_the_address_holds_the_state(opened, address):
    page = opened(f"figures/{FIRST}")
    _try(page)
    page.locator("tr[data-trial=kim-2023] input").uncheck()
    page.select_option("select[name=model]", "PM")
    page.select_option("select[name=interval]", "z")
    shared, said = page.url, _texts(page)
    assert shared.endswith("?without=kim-2023&model=PM&interval=z")
    again = opened(f"figures/{FIRST}", shared.partition(".html")[2])
    assert again.locator(".lr-state").inner_text().startswith(f"{OWN}: ")
    assert _texts(again) == said
    code = again.locator("code[data-take]").first.text_content()
    assert 'tau2_method="PM", interval="z"' in code and "Kim 2023" not in code
    odd = opened(f"figures/{FIRST}", "?without=nobody&model=none&interval=%22")
    assert odd.locator(".lr-state").inner_text().startswith("The published analysis: ")


def test_a_chapter_leads_with_its_state_to_the_page_of_the_figure(opened):
    page = opened(KNEE)
    _try(page)
    page.locator("tr[data-trial] input").first.uncheck()
    said = page.locator("tr.lr-pooled td").nth(-2).inner_text()
    page.locator("a.lr-taken").click()
    page.wait_for_url(f"**/figures/{FIRST}.html?without=*")
    assert page.locator("tr.lr-pooled td").nth(-2).inner_text() == said


def test_a_group_is_chosen_at_once(opened):
    page = opened(f"figures/{COUNTS}")
    _try(page)
    options = page.locator("select[name=only] option:not([value=''])")
    assert options.count() > 5
    those = options.nth(1).get_attribute("value")
    page.select_option("select[name=only]", those)
    checked = page.eval_on_selector_all(
        "tr[data-trial]:has(input:checked)", "rows => rows.map(row => row.dataset.trial)")
    assert sorted(checked) == sorted(those.split())


def test_imprecision_moves_with_the_selection(opened):
    page = opened(f"figures/{FIRST}")
    _try(page)
    place = page.locator("[data-fact=imprecision]")
    change, why = page.locator(".lr-trace tr[data-domain=imprecision] td").all_text_contents()
    assert place.inner_text() == f"{change}. {why}"
    page.locator("tr[data-trial=kim-2023] input").uncheck()
    assert place.inner_text() != f"{change}. {why}"


def test_without_scripts_the_page_is_complete(opened):
    page = opened(f"figures/{FIRST}", scripts=False)
    assert page.locator("figure.lr-forest form").count() == 0
    assert not page.locator("figure.lr-forest tr[tabindex]").count()
    assert "pool(yi, vi" in page.locator("code[data-take]").first.text_content()


def test_rows_are_walked_by_keyboard_and_say_what_they_show(opened):
    page = opened(f"figures/{FIRST}")
    rows = page.locator("tr[data-trial]")
    _try(page)
    rows.first.focus()
    heard = []
    for _ in range(rows.count() + 2):
        heard.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.keyboard.press("ArrowDown")
    for i, name in enumerate(rows.locator("th a").all_inner_texts()):
        assert heard[i].startswith(f"{name}: ") and "weight" in heard[i], heard[i]
        assert "no effect." in heard[i]
    assert heard[-2].startswith("Pooled: ") and heard[-1].startswith("Prediction interval: ")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    assert not rows.first.locator("input").is_checked()
    assert "left out of your selection" in rows.first.get_attribute("aria-label")
    status = page.locator("figure.lr-forest [role=status]")
    estimate = page.locator("tr.lr-pooled td").nth(-2).text_content().strip()
    assert estimate in status.inner_text()


def test_rows_of_a_chapter_are_one_stop_and_lead_to_their_trials(opened):
    page = opened(KNEE)
    links = page.locator("tr[data-trial] a")
    assert [link.get_attribute("tabindex") for link in links.all()].count("0") == 1
    links.first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.ariaLabel").startswith(links.nth(1).inner_text())
    page.keyboard.press("Enter")
    page.wait_for_url("**/trials/*")


@pytest.mark.parametrize("name", [KNEE, f"figures/{FIRST}", f"figures/{COUNTS}"])
def test_controls_fit_a_telephone(opened, name):
    page = opened(name, width=390)
    _try(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_chapter_shows_another_question_in_its_place(opened, address):
    page = opened(KNEE)
    _try(page)
    select = page.locator("figure.lr-forest select[name=analysis]")
    first = select.input_value()
    other = "knee-any-ae-any"
    select.select_option(other)
    page.wait_for_selector(f"#forest-{other} tr[data-trial] input")
    assert page.locator("figure.lr-forest select[name=analysis]").input_value() == other
    assert f"analysis={other}" in page.url and page.url.startswith(f"{address}/{KNEE}")
    assert page.locator(f"#forest-{other} .lr-state").text_content().startswith(
        "The published analysis")
    assert page.evaluate("document.activeElement.name") == "analysis"
    # its links lead from where it stands
    for link in page.locator(f"#forest-{other} a[href]").all()[:5]:
        assert page.request.get(link.evaluate("a => a.href")).ok
    page.locator(f"#forest-{other} tr[data-trial] input").first.uncheck()
    assert page.locator(".lr-state").first.text_content().startswith(OWN)
    # the address is the state, for whoever opens it
    again = opened(KNEE, "?" + page.url.partition("?")[2])
    again.wait_for_selector(f"#forest-{other} tr[data-trial] input:not(:checked)")
    page.locator(f"#forest-{other} button[type=reset]").click()
    page.wait_for_selector(f"#forest-{first} tr[data-trial] input")
    assert "?" not in page.url


def test_a_question_of_one_trial_is_gone_to(opened):
    page = opened(KNEE)
    _try(page)
    select = page.locator("figure.lr-forest select[name=analysis]")
    single = page.evaluate("""async () => {
      const base = document.querySelector("a.lr-taken").href;
      for (const option of document.querySelectorAll("select[name=analysis] option")) {
        const text = await (await fetch(new URL(option.value + ".html", base))).text();
        if (!text.includes("lr-recompute")) return option.value;
      }
    }""")
    assert single
    select.select_option(single)
    page.wait_for_url(f"**/figures/{single}.html")


def test_shares_of_patients_are_pooled_again(opened):
    analysis = "sci-responder-uncontrolled"
    page = opened(f"figures/{analysis}")
    _try(page)
    states = [s for s in drawn(analysis, 60) if s["model"] != "logistic"][:20] + [
        s for s in drawn(analysis, 60) if s["model"] == "logistic"][:10]
    for chosen, said in zip(states, page.evaluate(_SAID, states), strict=True):
        found, beside = pooled(analysis, chosen)
        value, low, high = (f"{number(natural('proportion', x), 1)}%" for x in (
            found.estimate, found.ci_low, found.ci_high))
        assert said["pooled"][1].replace("\n", "") == f"{value} ({low} to {high})", chosen
