"""The glossary: its table, its page, and terms explained where pages use them."""

from __future__ import annotations

import re
from html import escape

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import World

from livingreview.data.dataset import Dataset, examine, load
from livingreview.render.engine import render
from livingreview.render.glossary import glossary
from livingreview.site import terms
from livingreview.site.terms import MOST, MOST_ABOVE, STOPS_ABOVE, Terms, explained, wanted
from livingreview.view.glossary import Glossary

PAGE = "notebooks/knee-osteoarthritis/index.html"
HREF = "../../book/glossary.html#term-"


@pytest.fixture(scope="module")
def project() -> Dataset:
    return load()


def row(term: str, *forms: str, label: str = "", **more) -> dict:
    """A row of the glossary."""
    return {"term": term, "label_en": label or term, "forms_en": forms,
            "explanation_en": f"What {term} is.", "label_zh": f"词{term}", "forms_zh": (),
            "explanation_zh": "解释。", **more}


def links(body: str) -> list[tuple[str, str]]:
    """(term, text) of each link to the glossary."""
    return [(a["href"].partition("#term-")[2], a.get_text())
            for a in BeautifulSoup(body, "html.parser").select("a.lr-term")]


def found(text: str, *rows: dict, language: str = "en") -> list[tuple[str, str]]:
    """(term, text) of the links in a paragraph."""
    return links(explained(f"<p>{text}</p>", PAGE, Terms.of(rows, language)))


KNOWN = Terms.of([row("placebo"), row("weight", "weights"), row("koos", label="KOOS"),
                  row("standard-deviation", "SD"), row("md", label="mean difference"),
                  row("ae", label="adverse event"), row("sae", label="serious adverse event")])


# --- terms in a page ----------------------------------------------------------------------------

def test_a_term_leads_to_the_glossary_and_says_what_it_means_where_it_stands_first():
    made = explained("<p>A placebo.</p><p>Placebo again.</p>", PAGE, Terms.of([row("placebo")]))
    assert made == (f'<p>A <a class="lr-term" href="{HREF}placebo" aria-description='
                    '"What placebo is.">placebo</a>.</p><p>Placebo again.</p>')


def test_an_explanation_is_text_whatever_it_holds():
    rows = [row("placebo", explanation_en='Salt & "water" <b>')]
    [link] = BeautifulSoup(explained("a placebo", PAGE, Terms.of(rows)), "html.parser")("a")
    assert link["aria-description"] == 'Salt & "water" <b>'


@pytest.mark.parametrize("tag", [
    "a", "button", "h1", "h2", "h6", "th", "summary", "code", "pre", "script", "style", "svg",
    "option", "label", "title"])
def test_names_links_code_and_drawings_are_left_as_they_are(tag):
    body = f'<div><{tag} class="x">placebo <i>placebo</i></{tag}></div>'
    made = explained(body + "<p>placebo</p>", PAGE, Terms.of([row("placebo")]))
    assert made.startswith(body) and len(links(made)) == 1


@pytest.mark.parametrize("name", ["lr-alt", "sr-only", "x lr-alt y", "math notranslate"])
def test_text_for_screen_readers_alone_is_left_as_it_is_to_its_end(name):
    body = f'<div class="{name}">placebo<br><div>placebo</div>placebo</div>'
    made = explained(body + "<p>placebo</p>", PAGE, Terms.of([row("placebo")]))
    assert made.startswith(body) and len(links(made)) == 1


def test_what_nests_is_left_as_it_is_to_its_end():
    body = "<svg><svg>placebo</svg> placebo <text>placebo</text></svg>"
    made = explained(body + "<p>placebo</p>", PAGE, Terms.of([row("placebo")]))
    assert made.startswith(body) and len(links(made)) == 1


def test_attributes_and_comments_are_no_text():
    body = ('<!-- placebo <p class="lr-alt"> --><img alt="a > placebo"><p title="placebo">none</p>'
            '<p class="lr-alt">placebo</p>')
    made = explained(body + "<p>placebo</p>", PAGE, Terms.of([row("placebo")]))
    assert made.startswith(body) and len(links(made)) == 1


@pytest.mark.parametrize(("text", "expected"), [
    ("serious adverse event, serious adverse event, adverse event",
     [("sae", "serious adverse event"), ("ae", "adverse event")]),
    ("Adverse  events", []), ("ADVERSE\nEVENT", [("ae", "ADVERSE\nEVENT")]),
    ("adverse&nbsp;event", [("ae", "adverse\N{NO-BREAK SPACE}event")]),
    ("nonadverse event, non-adverse event, adverse event-free", []),
    ("an SD of 2", [("sd", "SD")]), ("sd, SDS, ASD", []), ("SD&amp;x", [("sd", "SD")]),
    ("x&amp;y &lt; z", []), ("I² is 20%", [("i2", "I²")]), ("i² or II²", []),
    ("Knapp-Hartung", [("kh", "Knapp-Hartung")]), ("the knapp–hartung way",
                                                   [("kh", "knapp–hartung")]),
])
def test_a_term_is_whole_words_the_longest_first_and_capitals_count_in_abbreviations(
        text, expected):
    rows = [row("ae", label="adverse event"), row("sae", label="serious adverse event"),
            row("sd", "SD", label="standard deviation"), row("i2", label="I²"), row("amp"),
            row("lt"), row("kh", label="Knapp–Hartung")]
    assert found(text, *rows) == expected


def test_chinese_text_has_no_spaces_and_its_abbreviations_are_whole():
    rows = [row("bias", label_zh="偏倚"), row("risk", label_zh="偏倚风险"),
            row("womac", label_zh="WOMAC 评分", forms_zh=["WOMAC"])]
    assert found("各试验的偏倚风险和WOMAC及偏倚", *rows, language="zh_CN") == [
        ("risk", "偏倚风险"), ("womac", "WOMAC"), ("bias", "偏倚")]
    assert not found("XWOMACs", *rows, language="zh_CN")
    [link] = BeautifulSoup(explained("偏倚", PAGE, Terms.of(rows, "zh")), "html.parser")("a")
    assert link["aria-description"] == "解释。"


SUMMARY = '<section class="lr-page lr-sof"><p>none</p></section>'


def test_few_terms_are_linked_above_the_summary_of_findings_and_on_a_page():
    rows = [row(f"word{n}x") for n in range(40)]
    text = "".join(f"<p>{r['term']}</p>" for r in rows)
    above, below = explained(text + SUMMARY + text, PAGE, Terms.of(rows)).split(SUMMARY)
    assert len(links(above)) == MOST_ABOVE and len(links(above + below)) == MOST
    assert len(links(explained(text, PAGE, Terms.of(rows)))) == MOST
    assert len({term for term, _ in links(above + below)}) == MOST
    assert "tabindex" not in above + below


def test_the_keyboard_reaches_the_summary_soon_and_meets_the_terms_it_passed_over_below_it():
    rows, stops = [row(f"word{n}x") for n in range(3)], '<a href="#x">x</a>' * (STOPS_ABOVE - 1)
    text = "".join(f"<p>{r['term']}</p>" for r in rows)
    above, below = explained(stops + text + SUMMARY + text, PAGE, Terms.of(rows)).split(SUMMARY)
    assert [a.get("tabindex") for a in BeautifulSoup(above, "html.parser").select("a.lr-term")] == [
        None, "-1", "-1"]
    assert links(below) == [("word1x", "word1x"), ("word2x", "word2x")]
    assert "tabindex" not in below


_WORDS = st.sampled_from(["a placebo", "weights", "SD", "mean difference", "x < y & z", '"', "",
                          "serious adverse event", "non-placebo", "KOOS"])
_TAGS = st.sampled_from(["p", "div", "a", "h2", "th", "svg", "span", "details", "summary", "code"])
_PIECES = st.recursive(
    _WORDS.map(escape),
    lambda inner: st.tuples(_TAGS, st.sampled_from(["", ' class="lr-alt"', " title='placebo > SD'",
                                                   ' class="lr-sof"']), st.lists(inner, max_size=4)
                            ).map(lambda p: f"<{p[0]}{p[1]}>{' '.join(p[2])}</{p[0]}>"),
    max_leaves=12)


@settings(max_examples=200, deadline=None)
@given(body=_PIECES)
def test_without_its_links_to_the_glossary_a_page_is_what_it_was(body):
    made = explained(body, PAGE, KNOWN)
    assert re.sub(r'<a class="lr-term"[^>]*>(.*?)</a>', r"\1", made) == body
    assert not BeautifulSoup(made, "html.parser").select(
        ":is(a, h2, th, svg, summary, code, .lr-alt) a.lr-term")
    once = [a["href"] for a in BeautifulSoup(made, "html.parser").select(
        "a.lr-term:not([tabindex])")]
    assert len(once) == len(set(once))


def test_pages_that_tell_results_explain_terms_the_glossary_itself_does_not():
    assert all(wanted(page, "book/index") for page in (
        "notebooks/harms", "figures/a", "trials/a", "book/index", "book/methods"))
    assert not any(wanted(page, "book/index") for page in (
        "book/glossary", "book/codebook", "genindex"))


# --- the table ----------------------------------------------------------------------------------

def problems(folder, *rows: dict) -> list[tuple]:
    """(level, row, column) of what `check` says of these terms."""
    world = World(folder / "data").trial("a-2020").pair("a-2020").analysis(analysis_id="a")
    for one in rows:
        made = row(**{"kind": "measure", **one})
        world.add("glossary", **{**made, "forms_en": ";".join(made["forms_en"]), "forms_zh": ""})
    return [(p.level, p.row, p.column) for p in examine(world.write()).problems
            if p.file == "glossary.csv"]


def test_a_sound_glossary_has_no_problem(tmp_path):
    assert problems(tmp_path, {"term": "a", "forms_en": ["as"]}, {"term": "b"}) == []


@pytest.mark.parametrize(("second", "problem"), [
    ({"term": "b", "kind": "animals"}, ("error", 3, "kind")),
    ({"term": "a"}, ("error", 3, "term")),
    ({"term": "b", "explanation_zh": ""}, ("error", 3, "explanation_zh")),
    ({"term": "b", "forms_en": ["A"]}, ("error", 3, "forms_en")),
    ({"term": "b", "label_zh": "词a"}, ("error", 3, "label_zh")),
    ({"term": "b", "explanation_en": "word " * 36}, ("warning", 3, "explanation_en")),
])
def test_a_faulty_term_is_named(tmp_path, second, problem):
    assert problem in problems(tmp_path, {"term": "a"}, second)


def test_the_projects_terms_are_explained_in_both_languages_and_tell_ranges_as_the_tables_do(
        project):
    rows = project.records("glossary")
    assert len(rows) >= 60
    chinese = re.compile("[\u4e00-\u9fff]")
    assert [r["term"] for r in rows if not chinese.search(r["explanation_zh"])] == []
    ends = {i["outcome"]: i["scale_max"] for i in project.records("instruments")}
    said = {r["term"]: r["explanation_en"] for r in rows}
    for term, outcome in {"koos": "koos-total", "ikdc": "ikdc", "lysholm": "lysholm",
                          "odi": "odi", "harris-hip-score": "harris-hip", "nrs": "pain-nrs",
                          "asia-score": "asia-pinprick", "vas": "pain-vas"}.items():
        assert re.search(rf"\b{ends[outcome]:g}\b", said[term]), term


# --- the page -----------------------------------------------------------------------------------

def test_the_page_has_every_term_under_its_kind_where_links_lead(project):
    page = BeautifulSoup(glossary()._repr_html_(), "html.parser")
    for term in project.records("glossary"):
        entry = page.find(id=f"term-{term['term']}")
        said = entry.get_text()
        assert term["label_zh"] in said and term["explanation_en"] in said
        assert term["label_en"].casefold() in said.casefold()
        assert entry.find_parent("section").h2["id"] == f"terms-{term['kind']}"
    ids = [element["id"] for element in page.select("[id]")]
    assert len(ids) == len(set(ids))


def test_in_chinese_the_page_speaks_chinese_and_keeps_the_english_name(project):
    page = BeautifulSoup(render(Glossary.of(project), "book/glossary.html", "zh"), "html.parser")
    entry = page.find(id="term-placebo")
    assert [e.get_text() for e in entry.dt.find_all()] == ["安慰剂", "placebo"]
    assert entry.dt.span["lang"] == "en" and "生理盐水" in entry.dd.get_text()


def test_a_folder_without_a_glossary_says_so(tmp_path):
    data = load(World(tmp_path / "data").trial("a-2020").pair("a-2020").write())
    assert "explains no terms" in render(Glossary.of(data))
    assert explained("<p>placebo</p>", PAGE, Terms.of(terms.rows(data))) == "<p>placebo</p>"
