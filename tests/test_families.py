"""Families of questions that this review has not: made-up reviews begun, filled, and computed."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from click.testing import CliRunner

from livingreview.__main__ import main
from livingreview.data.dataset import examine
from livingreview.render.chapter import Chapter
from livingreview.render.engine import asking_words
from livingreview.render.told import CATALOGUES
from livingreview.site import newreview

HERE = Path(__file__).parent / "families"
OUT_OF_SCOPE = "accuracy needs a bivariate model of sensitivity and specificity, which is not part"


@pytest.fixture(scope="module", autouse=True)
def packed_once():
    """The package is packed for the first of the reviews: for the others it is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newreview, "_packed", cache(newreview._packed))
        yield


def _call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def _begun(folder: Path, question: str = "intervention") -> Path:
    done = _call("new", "review", folder, "--title", "Made up", "--indication", "made-up",
                 "--question", question)
    assert done.exit_code == 0, done.output
    return folder / "data"


@pytest.mark.parametrize("header", ["study,TP,FP,FN,TN", "study,sensitivity,specificity,n",
                                    "study,True positives,False negatives"])
def test_a_table_of_a_diagnostic_test_is_named_as_what_is_not_made_here(tmp_path, header):
    data = _begun(tmp_path / "review")
    file = tmp_path / "test.csv"
    file.write_text(f"{header}\nOne{',1' * header.count(',')}\n")
    for call in (("pool", file, "--measure", "OR"), ("pool", file, "--measure", "PLO"),
                 ("import", file, "--data", data, "--table", "outcomes", "--yes"),
                 ("import", file, "--data", data, "--map", tmp_path / "map.csv")):
        done = _call(*call)
        assert done.exit_code in (1, 2) and OUT_OF_SCOPE in done.stderr, (call, done.output)
        assert "mada" in done.stderr and len(done.stderr.splitlines()) <= 2
    assert not (tmp_path / "map.csv").exists()
    (data / "made-up" / "outcomes.csv").write_text(file.read_text())
    problems = [str(p) for p in examine(data).problems]
    assert any(OUT_OF_SCOPE in p for p in problems)


def test_judgements_of_quadas_2_are_kept_with_the_sentence(tmp_path):
    data = _begun(tmp_path / "review")
    file = tmp_path / "quadas.csv"
    file.write_text("Study,D1,D2,D3,D4,Overall\nmade-up-2020,Low,High,Low,Unclear,High\n")
    done = _call("import", file, "--data", data, "--yes", "--no-results", "--tool", "quadas-2")
    assert OUT_OF_SCOPE in done.output, done.output


def _rows(name: str) -> list[dict]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _put(path: Path, rows: list[dict], keep: bool = False) -> None:
    """Rows in the place of those of a table, or after them."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *before = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(dict(zip(header, b, strict=True)) for b in (before if keep else ()))
        writer.writerows(rows)


def _filled(folder: Path, tables: dict[str, list[dict]], question: str = "intervention",
            **across: list[dict]) -> Path:
    """A new review with tables of its own; words are added, the other tables are replaced."""
    data = _begun(folder, question)
    own = ("studies", "arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias")
    for table in own:
        _put(data / "made-up" / f"{table}.csv", [
            {"source_id": "made-up-report", **row} for row in tables.get(table, ())])
    for table, rows in across.items():
        _put(data / f"{table}.csv", rows, keep=table == "vocabularies")
    assert [str(p) for p in examine(data).problems if p.level == "error"] == []
    return data


def _study(row: dict, **more: str) -> dict:
    return {"study_id": row["study"].lower(), "title": f"Made up: {row['study']}",
            "first_author": row["study"], "year": row["year"], "status": "published", **more}


@pytest.fixture(scope="module")
def drug(tmp_path_factory) -> Path:
    """Hazard ratios of death from a table, some with an interval, some as logarithm and SE."""
    tables: dict[str, list[dict]] = {"studies": [], "arms": [], "contrasts": []}
    for row in _rows("drug/interval.csv") + _rows("drug/logs.csv"):
        study = _study(row, design="rct", unit="patient", followup_months="24")
        key = {"study_id": study["study_id"]}
        tables["studies"].append(study)
        tables["arms"] += [
            {**key, "arm_id": "drug", "role": "intervention", "treatment_source": "drug",
             "treatment_product": "drug", "n_allocated": row["n drug"]},
            {**key, "arm_id": "placebo", "role": "comparator", "comparator_type": "placebo",
             "n_allocated": row["n placebo"]}]
        ratio = {"estimate": row["HR"], "ci_low": row["95% CI lower"],
                 "ci_high": row["95% CI upper"]} if "HR" in row else {
            "estimate": math.exp(float(row["log HR"])), "se": row["SE"]}
        tables["contrasts"].append({
            **key, "arm_intervention": "drug", "arm_comparator": "placebo", "outcome": "death",
            "measure": "HR", "timepoint_months": "24", "favours": "intervention"
            if ratio.get("estimate") and float(ratio["estimate"]) < 1 else "comparator", **ratio})
    return _filled(
        tmp_path_factory.mktemp("drug") / "review", tables,
        vocabularies=[_word("family", "mortality", "patient-reported", "Death", "死亡"),
                      _word("outcome", "death", "mortality", "Death", "死亡")],
        instruments=[{"outcome": "death", "label_en": "Death", "label_zh": "死亡",
                      "family": "mortality", "direction": "fewer-events-better"}],
        hierarchy=[{"family": "mortality", "position": "1", "outcome": "death"}],
        analyses=[_asked("death", "Death, the treatment against placebo", section="effects",
                         target_type="outcome", target="death", measure="HR",
                         comparison="placebo", favourable="lower")],
        main_windows=[_shown("death")])


def _word(of: str, value: str, kind: str, en: str, zh: str) -> dict:
    return {"list": of, "value": value, "kind": kind, "label_en": en, "label_zh": zh}


def _asked(name: str, title: str, **more: str) -> dict:
    return {"analysis_id": f"made-up-{name}", "indication": "made-up", "title": title,
            "role": "main", **more}


def _shown(name: str) -> dict:
    return {"indication": "made-up", "position": "1", "analysis_id": f"made-up-{name}",
            "role": "headline"}


@pytest.fixture(scope="module")
def prevalence(tmp_path_factory) -> Path:
    """Surveys of single groups: how many of them have a condition."""
    tables: dict[str, list[dict]] = {"studies": [], "arms": [], "outcomes": []}
    for row in _rows("prevalence/surveys.csv"):
        study = _study(row, design="single-arm", unit="patient", country=row["country"])
        key = {"study_id": study["study_id"]}
        tables["studies"].append(study)
        tables["arms"].append({**key, "arm_id": "group", "role": "intervention",
                               "treatment_source": "observed",
                               "treatment_product": "observed",
                               "n_allocated": row["people"]})
        tables["outcomes"].append({
            **key, "arm_id": "group", "outcome": "has-it", "better": "lower",
            "statistic": "final", "n": row["people"], "events": row["cases"],
            "total": row["people"]})
    return _filled(tmp_path_factory.mktemp("prevalence") / "review", tables, "prevalence")


@pytest.fixture(scope="module")
def animals(tmp_path_factory) -> Path:
    """Experiments in animals of three species, and judgements by SYRCLE's tool."""
    tables: dict[str, list[dict]] = {"studies": [], "arms": [], "outcomes": []}
    for row in _rows("animals/experiments.csv"):
        by_chance = row["study"] in ("Finch", "Grouse")
        study = _study(row, design="rct" if by_chance else "nonrandomised-controlled",
                       unit="animal", species=row["species"],
                       n_enrolled=int(row["n_drug"]) + int(row["n_vehicle"]))
        key = {"study_id": study["study_id"]}
        tables["studies"].append(study)
        for arm, role, words in (
                ("drug", "intervention", {"treatment_source": "drug", "treatment_product": "drug"}),
                ("vehicle", "comparator", {"comparator_type": "vehicle"})):
            n = row[f"n_{arm}"]
            tables["arms"].append({**key, "arm_id": arm, "role": role, "n_allocated": n, **words})
            tables["outcomes"].append({
                **key, "arm_id": arm, "outcome": "symptom-score", "instrument": "made-up score",
                "better": "lower", "scale_min": "0", "scale_max": "100", "timepoint_months": "1",
                "statistic": "final", "n": n, "mean": row[f"mean_{arm}"],
                "sd": row[f"sd_{arm}"]})
    tables["risk_of_bias"] = [
        {"study_id": row["Study"].lower(), "tool": "syrcle", "domain": row["Domain"],
         "judgement": row["Judgement"].lower()} for row in _rows("animals/rob.csv")]
    return _filled(tmp_path_factory.mktemp("animals") / "review", tables, "animals")


def _said(part) -> str:
    return " ".join(BeautifulSoup(part._repr_html_(), "lxml").get_text(" ").split())


def _pooled(data: Path, name: str) -> dict:
    return Chapter("made-up", data).review.analysis(f"made-up-{name}")


def _answer(name: str) -> list[float]:
    """Estimate, interval and tau² of metafor (``families/families.R``)."""
    return json.loads((HERE / "metafor.json").read_text(encoding="utf-8"))[name]


@pytest.mark.parametrize(("file", "measure"), [
    ("drug/interval.csv", "HR"), ("drug/logs.csv", "HR"), ("animals/experiments.csv", "SMD")])
def test_a_table_as_a_reviewer_has_it_is_pooled_as_by_metafor(file, measure):
    done = _call("pool", HERE / file, "--measure", measure, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    expected = _answer(file)
    if measure == "HR":
        expected = [*map(math.exp, expected[:3]), expected[3]]
    assert [found[k] for k in ("estimate", "ci_low", "ci_high", "tau2")] == pytest.approx(
        expected, rel=1e-5, abs=1e-7)


def test_hazard_ratios_with_an_interval_and_as_logarithms_are_one_pool(drug):
    found = _pooled(drug, "death")
    assert found["k"] == 7 and found["n"] == 2774
    estimate, low, high, tau2 = _answer("drug")
    assert [found["pooled"][k] for k in ("estimate", "ci_low", "ci_high", "tau2")] == pytest.approx(
        [math.exp(estimate), math.exp(low), math.exp(high), tau2], rel=1e-5)
    said = _said(Chapter("made-up", drug).answer())
    assert "The hazard ratio was 0.80 (0.68 to 0.94) at the longest follow-up; 7 trials" in said


def test_shares_of_single_groups_are_one_pool(prevalence):
    found = _pooled(prevalence, "has-it")
    estimate, low, high, _ = _answer("prevalence")
    assert found["k"] == 5 and [found["pooled"][k] for k in ("estimate", "ci_low", "ci_high")] == (
        pytest.approx([100 / (1 + math.exp(-x)) for x in (estimate, low, high)], rel=1e-5))
    assert found["certainty"] is None  # the rules are on effects of treatments


def test_experiments_in_animals_are_pooled_as_trials_are(animals):
    found = _pooled(animals, "symptoms-vehicle")
    assert found["k"] == 4 and found["n"] == 67
    assert [found["pooled"][k] for k in ("estimate", "ci_low", "ci_high", "tau2")] == (
        pytest.approx(_answer("animals/experiments.csv"), rel=1e-5))
    assert {s["study_id"]: s["yi"] for s in found["studies"]} == pytest.approx(
        _answer("experiments"), rel=1e-6)
    # those that are not allocated at random are a group beside the others
    assert [(g["value"], g["k"]) for d in found["subgroups"] if d["by"] == "design"
            for g in d["groups"]] == [("rct", 2), ("nonrandomised-controlled", 2)]


def test_a_kind_of_question_that_there_is_not_is_an_error(prevalence, tmp_path):
    data = Path(shutil.copytree(prevalence, tmp_path / "data"))
    about = data / "about.csv"
    about.write_text(about.read_text().replace("question,prevalence", "question,incidence"))
    assert ("about.csv:2:value: incidence: no kind of question, expected one of intervention, "
            "prevalence, animals") in [str(p) for p in examine(data).problems]


@pytest.mark.parametrize("kind", ["prevalence", "animals"])
def test_words_of_a_kind_of_question_are_those_of_templates_in_both_languages(kind):
    with (CATALOGUES / "zh_CN" / "LC_MESSAGES" / "livingreview.po").open("rb") as file:
        known = {m.id for m in read_po(file) if m.id}
    said = {}
    for language in ("en", "zh_CN"):
        with asking_words(kind, language).open("rb") as file:
            said[language] = {m.id: m for m in read_po(file, locale=language) if m.id}
    assert said["en"].keys() == said["zh_CN"].keys() <= known
    named = re.compile(r"%\(\w+\)s")
    for one in said["en"].values():
        for told in (one, said["zh_CN"][one.id]):
            texts = [told.string] if isinstance(told.string, str) else told.string
            ids = [one.id] if isinstance(one.id, str) else one.id
            assert all(text for text in texts), one.id
            assert {n for t in texts for n in named.findall(t)} <= {
                n for t in ids for n in named.findall(t)}, one.id


# What the pages of a family say, and what none of them does.
SAID = {
    "drug": ("The hazard ratio was 0.80 (0.68 to 0.94) at the longest follow-up; 7 trials",
             None, "lower the chance of this|very uncertain"),
    "prevalence": ("8.0% of people studied (95% interval 6.1% to 10.3%; 5 studies",
                   r"\b(treat\w*|benefits?|harms?|trials?|favours|patients?|uncontrolled|placebo)\b",
                   "How common"),
    "animals": ("−1.19 (−2.12 to −0.25); 4 experiments, 67 animals",
                r"\b(trials?|patients?|participants|clinic\w*)\b", "SYRCLE")}
# What pages in Chinese do not say: words of patients and of trials.
IN_CHINESE = {"animals": "患者|受试者|病人|临床|试验"}
# What does not speak of this review: words of tables, rules of method, how programs are called.
GENERAL = re.compile(
    r"(zh/)?book/(api|codebook|cite|searches|versions|data-quality|methods|flow)|(zh/)?code/")


@pytest.mark.parametrize("family", SAID)
def test_the_site_of_a_family_speaks_of_its_own_kind_of_question(family, request):
    folder = request.getfixturevalue(family).parent
    if family not in IN_CHINESE:
        config = folder / "_config.yml"
        config.write_text(config.read_text().partition("    livingreview_languages:")[0])
    done = subprocess.run([sys.executable, "-m", "livingreview", "build"], cwd=folder, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    site = folder / "_build" / "html"
    pages = {name: _page(p) for p in sorted(site.rglob("*.html"))
             if not GENERAL.match(name := p.relative_to(site).as_posix())
             and "_static" not in name}
    chinese = {name: pages.pop(name) for name in [*pages] if name.startswith("zh/")}
    assert bool(chinese) == (family in IN_CHINESE)
    for name, said in chinese.items():
        assert not (found := re.search(f".{{0,30}}(?:{IN_CHINESE[family]}).{{0,30}}", said)), (
            name, found[0])
    estimate, foreign, word = SAID[family]
    assert estimate in pages["notebooks/made-up/index.html"]
    assert any(re.search(word, said) for said in pages.values())
    for name, said in pages.items():
        assert not re.search(r"\. \.|: \.|\b0 claims|\b1 trials|\b1 changes", said), name
        if foreign:
            assert not (found := re.search(rf"(?i).{{0,60}}{foreign}.{{0,40}}", said)), found[0]


def _page(path: Path) -> str:
    """What a page says, without code and what the made-up source is called."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    for part in page.select("script, style, template, pre"):
        part.decompose()
    return " ".join(page.get_text(" ").split()).replace("replace this trial by one of yours", "")
