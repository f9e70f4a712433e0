"""Families of questions that this review has not: made-up reviews begun, filled, and computed."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from livingreview.__main__ import main
from livingreview.data.dataset import examine, load
from livingreview.effects import Evidence
from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.review.animals import effects

HERE = Path(__file__).parent / "families"
OUT_OF_SCOPE = "accuracy needs a bivariate model of sensitivity and specificity, which is not part"


def _call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def _begun(folder: Path) -> Path:
    done = _call("new", "review", folder, "--title", "Made up", "--indication", "made-up")
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


def _filled(folder: Path, tables: dict[str, list[dict]], **across: list[dict]) -> Path:
    """A new review with tables of its own; words are added, the other tables are replaced."""
    data = _begun(folder)
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
            **key, "arm_id": "group", "outcome": "present", "better": "lower",
            "statistic": "final", "n": row["people"], "events": row["cases"],
            "total": row["people"]})
    return _filled(
        tmp_path_factory.mktemp("prevalence") / "review", tables,
        vocabularies=[_word("treatment_source", "observed", "", "Observed", "仅观察"),
                      _word("treatment_product", "observed", "main", "Observed", "仅观察"),
                      _word("family", "how-common", "frequency", "Frequency", "频率"),
                      _word("outcome", "present", "how-common", "Has it", "患病")],
        instruments=[{"outcome": "present", "label_en": "Has it", "label_zh": "患病",
                      "family": "how-common", "direction": "fewer-events-better"}],
        hierarchy=[{"family": "how-common", "position": "1", "outcome": "present"}],
        analyses=[_asked("present", "How common it is", section="uncontrolled",
                         target_type="outcome", target="present", measure="proportion",
                         comparison="uncontrolled", favourable="lower")],
        main_windows=[_shown("present")])


@pytest.fixture(scope="module")
def animals(tmp_path_factory) -> Path:
    """Experiments in animals of three species, and judgements by SYRCLE's tool."""
    tables: dict[str, list[dict]] = {"studies": [], "arms": [], "outcomes": []}
    for row in _rows("animals/experiments.csv"):
        study = _study(row, design="animal-experiment", unit="animal", species=row["species"],
                       randomised="yes")
        key = {"study_id": study["study_id"]}
        tables["studies"].append(study)
        for arm, role, words in (
                ("drug", "intervention", {"treatment_source": "drug", "treatment_product": "drug"}),
                ("vehicle", "comparator", {"comparator_type": "placebo"})):
            n = row[f"n_{arm}"]
            tables["arms"].append({**key, "arm_id": arm, "role": role, "n_allocated": n, **words})
            tables["outcomes"].append({
                **key, "arm_id": arm, "outcome": "symptom-score", "instrument": "made-up score",
                "better": "lower", "scale_min": "0", "scale_max": "100", "timepoint_months": "1",
                "statistic": "final", "n": n, "mean": row[f"mean_{arm}"],
                "sd": row[f"sd_{arm}"]})
    return _filled(
        tmp_path_factory.mktemp("animals") / "review", tables,
        analyses=[_asked("symptoms", "Symptoms, the treatment against placebo", section="effects",
                         target_type="family", target="symptoms", measure="SMD",
                         comparison="placebo", favourable="lower")],
        main_windows=[_shown("symptoms")])


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


def test_a_review_of_how_common_something_is_speaks_of_no_treatment(prevalence):
    found = _pooled(prevalence, "present")
    estimate, low, high, _ = _answer("prevalence")
    assert found["k"] == 5 and [found["pooled"][k] for k in ("estimate", "ci_low", "ci_high")] == (
        pytest.approx([100 / (1 + math.exp(-x)) for x in (estimate, low, high)], rel=1e-5))
    chapter = Chapter("made-up", prevalence)
    parts = {part: _said(getattr(chapter, part)()) for part in (
        "answer", "patients", "benefits", "robustness", "subgroups")}
    for part, said in parts.items():
        assert not re.search(r"(?i)treat|favours|better|would have", said), (part, said)
    assert "8.0% of people studied (95% interval 6.1% to 10.3%; 5 studies" in parts["answer"]
    assert "Of 100 people, about 8 had this." in parts["patients"]
    landing = _said(Pages(prevalence).landing())
    assert "5 studies of people are known that count how common it is." in landing
    chinese = _said_of(chapter.answer().view, "zh_CN")
    assert "占受调查者的" in chinese and "治疗" not in chinese


def _said_of(view, language: str) -> str:
    return BeautifulSoup(str(render(view, language=language)), "lxml").get_text(" ")


def test_experiments_in_animals_have_effects_and_syrcle_judgements(animals, tmp_path):
    experiments = effects(Evidence(load(animals), "made-up"))
    found = {e.study: e.values[0] for e in experiments}
    assert found == pytest.approx({s: -y for s, y in _answer("experiments").items()}, rel=1e-6)
    assert {s: e.measure for s, e in zip(found, effects(
        Evidence(load(animals), "made-up")), strict=True)} == dict.fromkeys(found, "SMD")
    data = Path(shutil.copytree(animals, tmp_path / "data"))
    done = _call("import", HERE / "animals" / "rob.csv", "--data", data, "--tool", "syrcle",
                 "--yes", "--no-results")
    assert done.exit_code == 0, done.output
    pages = Pages(data)
    assert "rat: 2; mouse: 1; rabbit: 1" in _said(pages.animal_counts())
    assert "Published judgements with the SYRCLE tool in the data: 5" in _said(
        pages.animal_signals())
    # what animals show is no estimate of a chapter on people
    assert _pooled(animals, "symptoms")["pooled"] is None
    assert "4 experiments in animals, which tell nothing of people" in _said(
        Chapter("made-up", animals).answer())
