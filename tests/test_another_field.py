"""The package on a made-up review of another field: its words come from its data alone."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from field_words import pattern

import livingreview
from livingreview.__main__ import main
from livingreview.data import codebook, tables
from livingreview.data.dataset import GENERIC, load
from livingreview.effects import Evidence
from livingreview.effects.comparisons import any_order, plain_classes
from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.render.ledger import Ledger
from livingreview.render.seeds import SeedReview
from livingreview.review import dumps
from livingreview.view.figure import Figures
from livingreview.view.trial.index import index_rows, trial_index
from livingreview.view.trial.page import trial_pages

FIELD = Path(__file__).parent / "another_field" / "data"
# Kinds of files of the package that somebody wrote; others are fonts and pictures.
READ = {".py", ".html", ".txt", ".svg", ".xml", ".csv", ".po", ".pot", ".js", ".mjs", ".css",
        ".md", ".yml",
        ".toml", ".cfg", ".json"}
MAIN = "sleep-attention-0-3"
REVIEW = "made-up-review"
OURS = re.compile(r"(?i)\b(mesenchymal|cells?|stem|msc|marrow|adipose|orthopaed\w*|knees?|hips?|"
                  r"joints?|cartilage|inject\w*|hyaluronic|surg\w+|platelet|plasma|bones?|"
                  r"tissues?|donors?|autologous|allogeneic|corticosteroids?|spin(?:e|al)|discs?|"
                  r"mediators?|fractures?|osteo\w+)\b")


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    return Chapter("insomnia", FIELD)


def _shown(chapter: Chapter) -> dict[str, str]:
    """What each part of the chapter shows, and the pages of its trials and figures."""
    figures = Figures(chapter.review)
    views = {"trials": trial_index(index_rows(chapter.review)), "list of figures": figures.index()}
    views |= {f"trial {study}": view for study, _, view in trial_pages(chapter.review)}
    views |= {f"figure {r['id']}": figures.page(r) for r in chapter.results()}
    views |= {name: part.view for name, part in {
        "tabs": chapter.tabs("index"), "answer": chapter.answer(), "patients": chapter.patients(),
        "benefits": chapter.benefits(), "harms": chapter.harms(), "studies": chapter.trials(),
        "question": chapter.question(),
        "size": chapter.size(), "bias": chapter.risk_of_bias(), "gaps": chapter.gaps(),
        "downloads": chapter.downloads(), "others": chapter.others(),
        "beside": chapter.ours_beside(), "claims": chapter.claims(),
        "directions": chapter.directions(), "albatross": chapter.albatross("sleep"),
        "panels": chapter.panels("psqi"), "changes": chapter.changes(),
        "time": chapter.time_course("sleep", "placebo"), "dose": chapter.dose(MAIN),
        "subgroups": chapter.subgroups(MAIN), "robustness": chapter.robustness(MAIN),
        "bounds": chapter.event_bounds(), "combinations": chapter.combinations(),
        "routes": chapter.by_route(MAIN), "conditions": chapter.by_condition(MAIN)}.items()}
    return {name: str(render(view)) for name, view in views.items()}


def _shown_across(folder: Path) -> dict[str, str]:
    """What each part of the pages that look across indications shows."""
    ledger, pages = Ledger(folder), Pages(folder)
    views = {
        "landing": pages.landing(), "map": pages.evidence_map(), "timeline": pages.timeline(),
        "countries": pages.countries(), "ratios": pages.harm_ratios(),
        "harms": pages.events_by_indication(), "groups": pages.events_by_arm(),
        "reporting": pages.event_reporting(), "further": pages.further_events(),
        "entries": pages.event_rows(), "mechanisms": pages.mechanism_counts(),
        "pictures": pages.mechanism_pictures(), "mechanism table": pages.mechanisms(),
        "species": pages.animal_counts(), "animal effects": pages.animal_effects(),
        "signals": pages.animal_signals(), "experiments": pages.animal_experiments(),
        "animal syntheses": pages.animal_syntheses(), "flow": pages.flow(),
        "steps": pages.flow_by_indication(), "searches": pages.searches(),
        "alive": pages.alive(), "sources": pages.sources(), "queues": pages.queues(),
        "reports": pages.reports(), "notices": pages.notices(), "prisma-s": pages.prisma_s(),
        "prisma-lsr": pages.prisma_lsr(), "flow versions": pages.flow_by_version(),
        "rules": pages.certainty_rules(), "comparisons": pages.comparisons(),
        "overlaps": pages.overlaps(), "retractions": pages.retractions(),
        "warnings": pages.warnings(), "unused": pages.unused(), "derived": pages.derived(),
        "completeness": pages.completeness(), "extraction": pages.extraction(),
        "doubts": pages.doubts(), "interface": pages.interface(), "others": pages.others(),
        "overlap": pages.overlap(), "verdicts": ledger.counts(), "claims": ledger.claims(),
        "statuses": ledger.number_counts(), "numbers": ledger.headline_numbers()}
    return {name: str(render(shown.view)) for name, shown in views.items()}


def _shown_of_seed(chapter: Chapter) -> dict[str, str]:
    """What the page of a seed review, and the parts of a chapter about it, show."""
    seed = SeedReview(REVIEW, FIELD)
    return {name: part._repr_html_() for name, part in {
        "about": seed.about(), "method": seed.method(), "studies": seed.studies(),
        "mechanisms": seed.mechanisms(), "validation": seed.validation(),
        "numbers": seed.numbers(), "conclusions": seed.conclusions(), "claims": seed.claims(),
        "inconsistencies": seed.inconsistencies(), "references": seed.references(),
        "seed studies": chapter.seed_studies(REVIEW),
        "seed reference": chapter.seed_reference(REVIEW, "1"),
        "validation studies": chapter.validation_studies(REVIEW)}.items()}


def _of_our_field(parts: dict[str, str]) -> dict[str, list[str]]:
    """Words of our field in the text of each part that has any; those of drawings and files too."""
    out = {}
    for name, html in parts.items():
        page = BeautifulSoup(html, "lxml")
        files = [unquote(a["href"]) for a in page.select("a[href^='data:']")]
        text = " ".join([page.get_text(" "), *files])
        if found := sorted({m[0] for m in OURS.finditer(text)}):
            out[name] = found
    return out


def test_its_data_are_valid_and_its_results_are_numbers(chapter):
    result = CliRunner().invoke(main, ["check", str(FIELD)])
    assert result.exit_code == 0, result.stderr
    pooled = chapter.review.analysis(MAIN)
    assert pooled["k"] == 2 and pooled["pooled"]["estimate"] < 0
    assert pooled["question"]["intervention"] == "exercise"


def test_its_chapter_speaks_of_its_field_alone(chapter):
    parts = _shown(chapter)
    assert _of_our_field(parts) == {}
    said = "exercise changes sleep problems compared with attention control"
    assert said in parts["answer"] and said in parts[f"figure {MAIN}"]
    assert "Exercise: " in parts[f"figure {MAIN}"]


def test_its_pages_across_indications_speak_of_its_field_alone():
    parts = _shown_across(FIELD)
    assert _of_our_field(parts) == {}
    assert "exercise against something that is no programme" in parts["map"]
    assert "turned round: above zero favours exercise" in parts["others"]
    assert "By kind of programme" in parts["groups"] and "Fall" in parts["reporting"]
    assert "60 minutes" in parts["experiments"] and "Acts through" in parts["pictures"]


def test_the_pages_of_its_seed_reviews_speak_of_its_field_alone(chapter):
    parts = _shown_of_seed(chapter)
    assert _of_our_field(parts) == {}
    assert "Minutes per week" in parts["studies"] and "Leader" in parts["studies"]
    assert "Exercise or programme, as tabulated" in parts["validation"]


def test_a_field_without_words_of_its_own_and_the_codebook_speak_of_no_field():
    package = codebook.datapackage(["insomnia"], {
        t.path("insomnia" if t.folder == "indication" else "") for t in tables.TABLES})
    said = [*GENERIC.values(), *(r["description"] for r in package["resources"])]
    for row in codebook.columns():
        said += [row["description"], row["unit"]]
    assert {s for s in said if OURS.search(s)} == set()


def test_its_words_decide_what_a_control_is_and_what_a_family_counts_as(chapter):
    ev = Evidence(load(FIELD), "insomnia")
    assert {c.kind for c in ev.comparisons if c.study_id == "made-up-frost-2022"} == {"melatonin"}
    assert "melatonin" in any_order(ev.data) and "melatonin" in plain_classes(ev.data)
    assert "made-up-frost-2022" in ev.contests("any") and ev.contests("melatonin")
    assert "hyaluronic-acid" not in any_order(ev.data)
    steps = {s["domain"]: s for s in chapter.review.analysis(MAIN)["certainty"]["steps"]}
    assert not steps["indirectness"]["facts"]["surrogate"]


def test_its_results_name_no_other_field(chapter):
    text = re.sub(r'"(n_)?cells?(_\w+)?"', "", dumps(chapter.review.document["analyses"]))
    assert {m[0].lower() for m in re.finditer(r"(?i)mesenchymal|marrow|orthop\w+|knee", text)} == (
        set())


def test_nothing_in_the_package_names_the_field_of_this_review():
    """Code, templates, catalogues, tables and what a new review begins with."""
    words, package = pattern(), Path(livingreview.__file__).parent
    found, read = [], 0
    for path in sorted(package.rglob("*")):
        if path.suffix not in READ or "__pycache__" in path.parts:
            continue
        read += 1
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found += [f"{path.relative_to(package)}:{number}: {m[0]}" for m in words.finditer(line)]
    assert found == [] and read > 600


def test_the_words_of_the_field_are_found_where_they_are():
    words = pattern()
    for said in ("MSC", "stem cells", "cell_source", "Knee osteoarthritis", "favours cells",
                 "bone-marrow", "Hyaluronic acid", "n_cells", "培养扩增细胞", "膝骨关节炎"):
        assert words.search(f'"{said}"'), said
    for said in ("a cell of the table", "zero cells", "the cells of a notebook", "kneeling",
                 "discuss", "hipster", "joint test", "patient"):
        assert not words.search(said), said


def test_our_own_data_say_what_they_are_about():
    data = load()
    assert data.wording("intervention") == "cells"
    assert load(FIELD).wording("intervention") == "exercise"
