"""Files for other programs: they say what the pages say, and come back as the same numbers."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pytest
from click.testing import CliRunner, Result
from conftest import INDICATION
from lxml import html
from made_up import World
from recomputing import figures
from test_intake_files import content, fill, rows

from livingreview.__main__ import main
from livingreview.cli.giving import KINDS
from livingreview.data.dataset import load
from livingreview.review import review
from livingreview.review.measure import varying
from livingreview.site import exports
from livingreview.view.figure import Figures, files_of

R = shutil.which("Rscript")
DRAWN = {"alder-2016": (31.5, 40.25, 11), "birch-2017": (36, 38, 12.5), "cedar-2018": (28, 41, 9),
         "dogwood-2019": (44, 43.2, 14)}  # means of both arms, and their SD
TOOLS = {"rob2": {"randomisation process": "low", "overall": "some-concerns"},
         "robins-i": {"confounding": "serious", "missing data": "no-information",
                      "overall": "serious"}}


def call(*arguments) -> Result:
    out = CliRunner().invoke(main, [str(a) for a in arguments])
    assert out.exception is None or isinstance(out.exception, SystemExit), out.exception
    return out


def asked(folder: Path) -> World:
    """A folder that asks for pain and harm, without a trial."""
    return World(folder).analysis().analysis(
        analysis_id="harm", title="Any adverse event", section="harms", target_type="event",
        target="any-ae", measure="RR", window_from="", window_to="", rescale="")


def told(folder: Path) -> World:
    """The same with trials."""
    world = asked(folder)
    for i, (name, (cells, control, sd)) in enumerate(DRAWN.items()):
        author, year = name.split("-")
        world.trial(name, first_author=author.capitalize(), year=year)
        world.pair(name, cells, control, sd).counts(name, 3 + i, 5 - i % 2)
    for tool, domains in TOOLS.items():
        for domain, judgement in domains.items():
            for study in list(DRAWN)[:3]:
                world.add("risk_of_bias", study_id=study, tool=tool, domain=domain,
                          judgement=judgement, source_id="review")
    return world


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """Everything that is exported of a small folder."""
    folder = tmp_path_factory.mktemp("exported")
    done = call("export", "--data", told(folder / "data").write(), "--out", folder / "out")
    assert done.exit_code == 0, done.output
    return folder


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


# ---------------------------------------------------------------- the command


def test_the_command_writes_what_the_site_offers(exported):
    offered = {address.removeprefix("exports/"): made for address, made in exports.files(
        Figures(review(load(exported / "data"))), INDICATION)}
    assert content(exported / "out") == offered
    assert KINDS == tuple(exports.KINDS)


def test_kinds_are_chosen_and_what_is_unknown_is_refused(exported, tmp_path):
    done = call("export", "robvis", "--data", exported / "data", "--out", tmp_path / "out")
    assert {p.split("/")[1] for p in content(tmp_path / "out")} == {"risk-of-bias"}
    assert f"{INDICATION}: 4 files" in done.stdout
    wrong = call("export", "--data", exported / "data", "--out", tmp_path / "no",
                 "--indication", "shoulder")
    assert wrong.exit_code == 2 and f"shoulder: expected one of {INDICATION}" in wrong.stderr
    nothing = call("export", "metafor", "--data", asked(tmp_path / "empty").write(), "--out",
                   tmp_path / "no")
    assert nothing.exit_code == 1 and "nothing to write" in nothing.stderr
    assert not (tmp_path / "no").exists()


def test_the_pages_lead_to_the_files(exported):
    from livingreview.render.chapter import Chapter
    from livingreview.render.engine import render

    chapter = Chapter(INDICATION, exported / "data")
    made = {f"exports/{p}" for p in content(exported / "out")}
    for language, tag in (("en", "en"), ("zh_CN", "zh-Hans")):
        up = "../../" if language == "en" else "../../../"
        page = html.fromstring(str(render(chapter.downloads().view,
                                          f"notebooks/{INDICATION}/data.html", language)))
        linked = {a.get("href").removeprefix(up) for a in page.iter("a")} & made
        assert linked == {p for p in made if "/metafor/" not in p
                          and (".en." in p or ".zh" in p) <= (f".{tag}." in p)}
    figure = Figures(chapter.review)
    page = html.fromstring(str(render(figure.page(chapter.results()[0]), "figures/made-up.html")))
    assert {f"../exports/{INDICATION}/metafor/made-up.{end}" for end in ("csv", "R")} <= {
        a.get("href") for a in page.iter("a")}


# ---------------------------------------------------------------- metafor


def of_every_kind() -> list[dict]:
    """An analysis of each measure and model, one trial and several apart."""
    found = {}
    for result in figures().results():
        if files_of(result).script:
            found.setdefault((result["question"]["measure"], result["pooled"]["model"],
                              result["k"] > 1), result)
    return list(found.values())


def test_the_kinds_of_analyses_that_scripts_pool():
    kinds = {(r["question"]["measure"], r["pooled"]["model"]) for r in of_every_kind()}
    assert len(of_every_kind()) > 10 and kinds >= {
        ("MD", "random"), ("MD", "posterior"), ("SMD", "posterior"), ("RR", "mantel-haenszel"),
        ("RR", "random"), ("mean-change", "random"), ("proportion", "one-study")}


def test_every_estimate_has_its_script():
    for indication in figures().data.indications:
        made = dict(exports.files(figures(), indication, ["metafor"]))
        there = [files_of(r) for r in figures().results([indication]) if r["pooled"]]
        assert set(made) == {f.metafor for f in there} | {f.script for f in there}
        for file in there:
            assert f'read.csv("{Path(file.metafor).name}")' in made[file.script].decode()


def _metafor() -> bool:
    return R is not None and not subprocess.run(
        [R, "-e", "quit(status = !nzchar(system.file(package = 'metafor')))"],
        capture_output=True, check=False).returncode


@pytest.mark.skipif(not _metafor(), reason="R with its package metafor is not installed")
def test_scripts_print_the_published_numbers(tmp_path):
    chosen = of_every_kind()
    for indication in {r["indication"] for r in chosen}:
        for address, made in exports.files(figures(), indication, ["metafor"]):
            (tmp_path / Path(address).name).write_bytes(made)
    names = [Path(files_of(r).script).name for r in chosen]
    (tmp_path / "all.R").write_text("".join(
        f'cat("analysis", "{n}", "\\n"); source("{n}", local = new.env())\n' for n in names))
    done = subprocess.run([R, "all.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = re.split(r"^analysis (\S+) $", done.stdout, flags=re.M)[1:]
    for result, name, lines in zip(chosen, printed[::2], printed[1::2], strict=True):
        found = {key: float(x) for key, x in map(str.split, lines.split("\n")[1:-1]) if x != "NA"}
        spread, pooled = varying(result), result["pooled"]
        shown = {key: pooled[key] for key in ("estimate", "ci_low", "ci_high")} | {
            key: spread[key] for key in ("tau2", "i2") if spread[key] is not None}
        assert {k: found[k] for k in shown} == pytest.approx(shown, rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize("analysis, measure", [("made-up", "MD"), ("harm", "RR")])
def test_tables_for_metafor_are_pooled_to_the_same(exported, analysis, measure):
    file = exported / "out" / INDICATION / "metafor" / f"{analysis}.csv"
    done = call("pool", file, "--measure", measure, "--json")
    assert done.exit_code == 0, done.output
    pooled = review(load(exported / "data")).analysis(analysis)["pooled"]
    found = json.loads(done.stdout)
    found = found.get("pooled", found)
    for key in ("estimate", "ci_low", "ci_high", "tau2"):
        assert found[key] == pytest.approx(pooled[key], rel=1e-6, abs=1e-9)


def test_a_table_for_metafor_has_its_columns(exported):
    file = exported / "out" / INDICATION / "metafor" / "made-up.csv"
    assert file.read_text().split("\n")[:2] == [
        "slab,study_id,n1i,n2i,m1i,m2i,sd1i,sd2i,yi,vi",
        "Alder 2016,alder-2016,20,20,31.5,40.25,11,11,-8.75,12.1"]


# ---------------------------------------------------------------- summary of findings


def summaries(exported: Path, ending: str, tag: str = "en") -> Path:
    return exported / "out" / INDICATION / f"summary-of-findings.{tag}.{ending}"


def test_a_summary_holds_the_numbers_of_the_results(exported):
    done = review(load(exported / "data"))
    harm, pain = done.analysis("harm"), done.analysis("made-up")["pooled"]
    first, second = table(summaries(exported, "csv").read_text(encoding="utf-8"))
    assert first["Participants (studies)"] == "160 participants (4 trials)"
    assert first["Relative effect (95% CI)"] == "—"
    assert first["Risk or mean of the controls"] == "means from 38.0 to 43.2 points of 100"
    assert first["Difference (95% CI)"].startswith(f"{-pain['estimate']:.1f} lower")
    assert first["Certainty (GRADE)"].startswith("●") and "Risk of bias" in first["Explanations"]
    risks = harm["absolute"]
    assert second["Risk or mean of the controls"] == (
        f"{risks['comparator_per_1000']:.0f} per 1,000")
    more = risks["intervention_estimate_per_1000"] - risks["comparator_per_1000"]
    assert second["Difference (95% CI)"].startswith(
        f"{abs(more):.0f} {'more' if more > 0 else 'fewer'} per 1,000")
    assert f"{harm['pooled']['estimate']:.2f} (" in second["Relative effect (95% CI)"]


@pytest.mark.parametrize("tag", ["en", "zh-Hans"])
def test_page_table_and_document_say_the_same(exported, tag):
    page = html.parse(summaries(exported, "htm", tag)).getroot()
    document = docx.Document(summaries(exported, "docx", tag))
    [grid] = document.tables
    cells = [[cell.text for cell in row.cells] for row in grid.rows]
    found = table(summaries(exported, "csv", tag).read_text(encoding="utf-8"))
    assert cells[0] == list(found[0])[:7] == [th.text for th in page.iterfind(".//thead//th")]
    assert [[x.replace("\n", "; ") for x in row] for row in cells[1:]] == [
        list(row.values())[:7] for row in found]
    said = [p.text for p in document.paragraphs]
    for note in page.iterfind(".//dl/div"):
        assert f"{note.find('dt').text}. {note.find('dd').text}" in said
    assert not page.xpath("//link | //script | //img | //a"), "it stands alone"


def test_a_summary_in_chinese_has_no_english_sentence(exported):
    text = " ".join(" ".join(row.values()) for row in table(
        summaries(exported, "csv", "zh-Hans").read_text(encoding="utf-8")))
    assert "名受试者" in text
    assert not re.findall(r"[A-Za-z]{2,} [A-Za-z]{2,}", text)


# ---------------------------------------------------------------- robvis


@pytest.mark.parametrize("form", ["wide", "long"])
def test_judgements_come_back_as_they_were(exported, tmp_path, form):
    other = asked(tmp_path / "other")
    for name in DRAWN:
        other.trial(name)
    folder = other.write()
    for tool in TOOLS:
        file = exported / "out" / INDICATION / "risk-of-bias" / f"{tool}-{form}.csv"
        done = call("import", file, "--data", folder, "--tool", tool, "--yes", "--no-results")
        assert done.exit_code == 0, done.output
    keys = ("study_id", "tool", "domain", "judgement")
    before, after = ({tuple(row[k] for k in keys) for row in rows(one, "risk_of_bias")}
                     for one in (exported / "data", folder))
    assert len(before) == 15 and after == before


def test_a_wide_table_has_the_columns_of_robvis(exported):
    file = exported / "out" / INDICATION / "risk-of-bias" / "rob2-wide.csv"
    assert file.read_text().split("\n")[:2] == [
        "Study,D1,D2,D3,D4,D5,Overall", "Alder 2016,Low,,,,,Some concerns"]


def test_words_of_other_tools_stay_as_they_are():
    for address, made in exports.files(figures(), INDICATION, ["robvis"]):
        if "pedro-long" in address:
            assert {row["Judgement"] for row in table(made.decode())} == {"yes", "no", "5"}
            return
    pytest.fail("the judgements are not exported")


# ---------------------------------------------------------------- RevMan


FILLED = {
    "1.1": {"outcome": "pain-vas", "scale_min": "0", "scale_max": "100", "better": "lower",
            "statistic": "final", "timepoint_months": "6"},
    "1.2": {"event": "any-ae", "count": "patients", "timepoint_months": "6"}}
ARMS = {"experimental_arm": "msc", "control_arm": "control", "comparator_type": "saline"}


def test_a_data_package_comes_back_as_the_same_numbers(exported, tmp_path):
    folder, filled = asked(tmp_path / "other").write(), tmp_path / "list.csv"
    package = exported / "out" / INDICATION / "revman.zip"
    assert call("import", package, "--data", folder, "--list", filled).exit_code == 0
    fill(filled, {name: entry | ARMS for name, entry in FILLED.items()})
    done = call("import", package, "--data", folder, "--list", filled, "--yes", "--no-results")
    assert done.exit_code == 0 and "not imported" not in done.stderr, done.output
    assert {r["study_id"] for r in rows(folder, "studies")} == set(DRAWN)
    # a package says nothing of designs, authors and products: who imports it fills them in
    for name, values in (("arms", {"treatment_product": "cultured-msc"}),
                         ("studies", {"design": "rct", "first_author": "Somebody"})):
        path = next(folder.rglob(f"{name}.csv"))
        found = rows(folder, name)
        for row in found:
            if row.get("role") != "comparator":
                row.update(values)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
    ours, theirs = (review(load(one)) for one in (exported / "data", folder))
    for analysis in ("made-up", "harm"):
        was, now = (one.analysis(analysis) for one in (ours, theirs))
        assert now["k"] == was["k"] == 4
        for key in ("estimate", "ci_low", "ci_high", "tau2", "i2"):
            assert now["pooled"][key] == pytest.approx(was["pooled"][key], rel=1e-9, abs=1e-12)


def test_the_settings_of_a_package_hold_the_estimate(exported):
    with zipfile.ZipFile(exported / "out" / INDICATION / "revman.zip") as package:
        found = {Path(n).name: package.read(n).decode() for n in package.namelist()}
    settings = table(found[f"{INDICATION}-overall-estimates-and-settings.csv"])
    for setting, analysis in zip(settings, ("made-up", "harm"), strict=True):
        pooled = review(load(exported / "data")).analysis(analysis)["pooled"]
        assert float(setting["Mean"]) == pytest.approx(pooled["estimate"], rel=1e-9)
        assert float(setting["CI end"]) == pytest.approx(pooled["ci_high"], rel=1e-9)
    assert [s["Data type"] for s in settings] == ["Continuous", "Dichotomous"]
    assert f"{INDICATION}-risk-of-bias.csv" not in found, "two tools: they are files of their own"


def test_what_a_package_states_is_pooled_again_from_its_rows(tmp_path):
    made = dict(exports.files(figures(), "knee-osteoarthritis", ["revman"]))
    [(_, content_of)] = made.items()
    (tmp_path / "package.zip").write_bytes(content_of)
    done = json.loads(call("collect", tmp_path / "package.zip", "--json").stdout)["analyses"]
    stated = [one for one in done if one["published_estimate"] is not None]
    assert len(stated) > 20 and {one["verdict"] for one in stated} == {"same"}


def test_a_package_has_the_subgroups_of_an_analysis(tmp_path):
    world = asked(tmp_path)
    for name, (cells, control, sd) in DRAWN.items():
        product = "cultured-msc" if name < "d" else "bone-marrow-concentrate"
        world.trial(name).pair(name, cells, control, sd)
        world.rows["arms"][-2]["treatment_product"] = product
    made = review(world.data())
    result = made.analysis("made-up")
    division = next(d for d in result["subgroups"] if len(d["groups"]) > 1)
    [(_, packed)] = exports.files(Figures(made), INDICATION, ["revman"])
    with zipfile.ZipFile(io.BytesIO(packed)) as package:
        read = {n.partition("-data/")[2].removeprefix(f"{INDICATION}-"):
                table(package.read(n).decode()) for n in package.namelist()}
    groups = read["subgroup-estimates.csv"]
    assert [g["Subgroup number"] for g in groups] == ["1", "2"]
    for line, group in zip(groups, division["groups"], strict=True):
        rows_of = [r for r in read["data-rows.csv"] if r["Subgroup"] == line["Subgroup"]]
        assert len(rows_of) == len(group["trials"]) == group["k"]
        assert {r["Applicability"] for r in rows_of} == {"SUBGROUP_AND_OVERALL"}
        shown = group["model"] != "posterior"
        assert (line["Mean"] != "") == shown
        assert not shown or float(line["Mean"]) == pytest.approx(group["estimate"], rel=1e-9)
    [setting] = read["overall-estimates-and-settings.csv"]
    assert setting["Subgroup estimates"] == "TRUE"


def test_effects_that_arms_do_not_give_are_contrasts(tmp_path):
    world = asked(tmp_path).trial("elm-2020").contrast("elm-2020", -4, ci_low=-9, ci_high=1)
    for name, (cells, control, sd) in DRAWN.items():
        world.trial(name).pair(name, cells, control, sd)
    result = review(world.data()).analysis("made-up")
    assert exports.revman.kind(result) == "Contrast level"
    [(_, made)] = exports.files(Figures(review(world.data())), INDICATION, ["revman"])
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        name = next(n for n in package.namelist() if n.endswith("data-rows.csv"))
        effects = {r["Study"]: r for r in table(package.read(name).decode())}
    by_trial = {s["trial_id"]: s for s in result["studies"]}
    assert len(effects) == 5 and not any(r["Experimental mean"] for r in effects.values())
    assert float(effects["elm-2020"]["GIV SE"]) ** 2 == pytest.approx(by_trial["elm-2020"]["vi"])


def test_files_are_the_same_at_every_call(exported, tmp_path):
    call("export", "--data", exported / "data", "--out", tmp_path)
    assert content(tmp_path) == content(exported / "out")
