"""Benchmarks on tiny labelled sets. Every title, author and label here is made up."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from livingreview.cli import main
from livingreview.surveillance import benchmarks, labelled, link, perturbing
from livingreview.surveillance.benchmarks import Run
from livingreview.surveillance.labelled import LabelledError

TOPIC = ("marrow", "cells", "knee", "cartilage", "stem", "injected")
OTHER = ("bread", "oven", "flour", "winter", "salt", "yeast")
BOTH = ("trial", "people", "months", "group", "score", "found")


def packed(path: Path, columns, rows) -> Path:
    """A CSV file in gzip."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    return path


def screened_set(folder: Path, name: str, seed: int, n: int = 80) -> Path:
    """A set in which every eighth record is included, by its words."""
    draw, rows = random.Random(seed), []
    for i in range(n):
        yes = i % 8 == 0
        words = draw.choices(TOPIC if yes else OTHER, k=5) + draw.choices(BOTH, k=8)
        rows.append((f"{' '.join(words[:7])} {name} {i}", " ".join(words[7:]), 2000 + i // 8,
                     f"https://doi.org/10.1234/{name.lower()}.{i}", int(yes)))
    return packed(folder / f"{name}.csv.gz",
                  ("title", "abstract", "year", "doi", "label_included"), rows)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    folder = tmp_path / "sets"
    folder.mkdir()
    screened_set(folder, "Second", 2)
    screened_set(folder, "First", 1)
    return folder


ASYSD = ("author", "title", "year", "journal", "abstract", "doi", "number", "pages", "volume",
         "isbn", "record_id", "label", "source")


def references(path: Path, changed: dict | None = None) -> Path:
    """Four references of three reports; the last is not found as a duplicate of the third."""
    rows = [("Garner A.Weber K.", "Marrow cells in worn knees of gardeners", 2020, "J", "NA",
             "10.1234/a", "NA", "10-19", "3", "NA", "1", "x", "unique"),
            ("Garner A.Weber K.", "Marrow cells in worn knees of gardeners", 2020, "J", "NA",
             "http://dx.doi.org/10.1234/A", "NA", "10-9", "3", "NA", "2", "x", "duplicate"),
            ("Anonymous", "Bread and salt in the winter of the oven", 2019, "J", "NA", "NA", "NA",
             "NA", "NA", "NA", "3", "x", "unique"),
            ("Baker C.", "Of yeast, a survey among millers", 2011, "J", "NA", "NA", "NA", "NA",
             "NA", "NA", "4", "x", "duplicate")]
    for (i, column), value in (changed or {}).items():
        row = list(rows[i])
        row[ASYSD.index(column)] = value
        rows[i] = tuple(row)
    return packed(path, ASYSD, rows)


def run(*found: int, records: int = 100) -> Run:
    return Run("set", "tool", "1", 1, 1, records, found)


def test_measures_are_what_they_say():
    every = run(*range(1, 21))  # 20 included in the first 20 of 100
    assert every.wss95 == pytest.approx(1 - 0.19 - 0.05)
    assert every.recall10 == pytest.approx(0.5)
    assert every.last_found == pytest.approx(0.2)
    last = run(1, 2, 100)
    assert last.wss95 == pytest.approx(-0.05), "95% of three are three"
    assert last.recall10 == pytest.approx(2 / 3)
    assert last.last_found == 1


def test_a_run_finds_every_included_record_once_and_begins_as_its_seed_says(sets):
    one = labelled.all_labelled(sets)[0]
    assert one.name == "First"
    (first,), (again,), (other,) = (tuple(benchmarks.screened(one, [s])) for s in (1, 1, 2))
    assert first == again
    assert len(first.found_at) == sum(one.included) - 1 == len(other.found_at)
    assert first.records == len(one) - 2
    assert first.wss95 > 0.7, "the words of this set tell the answer"
    yes, no = labelled.priors(one.included, 1)
    assert one.included[yes]
    assert not one.included[no]
    assert len({labelled.priors(one.included, seed) for seed in range(20)}) > 5


def test_large_sets_are_read_in_longer_steps():
    assert labelled.step_of(999) == 1
    assert labelled.step_of(1000) == 5


def test_in_time_the_late_years_hold_a_fifth_of_the_included(sets):
    one = labelled.all_labelled(sets)[0]
    row = benchmarks.in_time(one, 1)
    assert (row.new_included, row.decided_included) == (2, 8)
    assert row.from_year == 2008
    assert row.decided + row.new == len(one)
    assert row.read95 <= 0.2
    early = labelled.Labelled("early", ("a", "b"), ("", ""), (2000, 2001), ("", ""), (True, False))
    assert benchmarks.in_time(early, 1) is None


def test_rows_are_means_of_runs_and_of_sets():
    def of(tool, name, last):
        return Run(name, tool, "1", 1, 1, 100, (last,))

    runs = [of("livingreview", "A", 10), of("livingreview", "A", 20), of("livingreview", "B", 55),
            of("Tool", "A", 25), of("Tool", "C", 1)]
    rows = {(r.tool, r.set): r for r in benchmarks.screening_rows(runs)}
    assert rows["livingreview", "A"].wss95 == pytest.approx(0.8)
    assert (rows["livingreview", "A"].wss95_low, rows["livingreview", "A"].wss95_high) == (
        pytest.approx(0.75), pytest.approx(0.85))
    assert rows["livingreview", "mean"].wss95 == pytest.approx((0.8 + 0.4) / 2)
    (line,) = benchmarks.compared(rows.values())
    assert "mean +0.1000" in line
    assert "over 1 sets" in line, "a set that one tool lacks is not compared"


def test_the_command_writes_both_tables_and_sets_another_tool_beside(sets, tmp_path):
    runs = tmp_path / "runs.csv"
    runs.write_text("set,tool,version,model,seed,step,records,seconds,found_at\n"
                    "First,Tool,9,m,1,1,80,3,1 2 3 40\n")
    out, late = tmp_path / "screening.csv", tmp_path / "time.csv"
    args = ["bench", "screening", str(sets), "--seeds", "2", "--beside", str(runs),
            "--out", str(out), "--in-time-out", str(late)]
    done = CliRunner().invoke(main, args)
    assert done.exit_code == 0, done.output
    assert "WSS@95 of livingreview less that of Tool: mean +0." in done.output
    rows = list(csv.DictReader(out.open()))
    assert [(r["tool"], r["set"], r["seeds"]) for r in rows] == [
        ("Tool", "First", "1"), ("Tool", "mean", ""), ("livingreview", "First", "1 2"),
        ("livingreview", "Second", "1 2"), ("livingreview", "mean", "")]
    assert rows[0]["last_found"] == f"{40 / 78:.4f}"
    assert [r["set"] for r in csv.DictReader(late.open())] == ["First", "Second"]
    before = out.read_bytes()
    assert CliRunner().invoke(main, args).exit_code == 0
    assert out.read_bytes() == before


def test_every_fault_of_every_set_is_named_and_nothing_is_written(sets, tmp_path):
    packed(sets / "Bad.csv.gz", ("title", "abstract", "year", "label_included"),
           [("a", "b", "2001", "1"), ("c", "d", "soon", "perhaps")])
    (sets / "Cut.csv.gz").write_bytes((sets / "First.csv.gz").read_bytes()[:90])
    packed(sets / "Lacks.csv.gz", ("title", "year"), [("a", "2001")])
    packed(sets / "One.csv.gz", ("title", "abstract", "year", "label_included"),
           [("a", "b", "", "0")])
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(main, ["bench", "screening", str(sets), "--out", str(out)])
    assert done.exit_code == 1
    for part in ("Bad.csv.gz: row 3: label_included is 'perhaps'; expected 0 or 1",
                 "Bad.csv.gz: row 3: year is 'soon'", "Cut.csv.gz: cannot be read",
                 "Lacks.csv.gz: has no column abstract, label_included",
                 "One.csv.gz: expected included and excluded records, found 0 included of 1",
                 "Nothing was measured."):
        assert part in done.output
    assert "Traceback" not in done.output
    assert not out.exists()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no file" in CliRunner().invoke(main, ["bench", "screening", str(empty)]).output


@pytest.mark.parametrize(("row", "said"), [
    ("First,Tool,9,m,one,1,80,3,1 2", "row 2: invalid literal"),
    ("First,Tool,9,m,1,1,80,3,2 1", "row 2: found_at: expected growing places from 1 to 78"),
    ("First,Tool,9,m,1,1,80,3,1 79", "row 2: found_at"),
    ("First,Tool,9,m,1,1,80,3,", "row 2: found_at")])
def test_runs_that_are_none_are_refused_by_row(tmp_path, row, said):
    path = tmp_path / "runs.csv"
    path.write_text(f"set,tool,version,model,seed,step,records,seconds,found_at\n{row}\n")
    with pytest.raises(LabelledError, match=said):
        benchmarks.runs_of(path)


def test_duplicates_are_counted_by_clusters_that_hold_no_report_or_two(tmp_path):
    records, truth = benchmarks.references(references(tmp_path / "a.csv.gz"))
    certain, both = benchmarks.deduplicated("a", records, truth)
    assert (certain.records, certain.duplicates, certain.reports) == (4, 2, 2)
    assert (certain.missed, certain.wrong, certain.mixed) == (1, 0, None)
    assert both.sensitivity == 0.5
    assert both.specificity == 1
    lost = references(tmp_path / "b.csv.gz", {(1, "source"): "unique"})
    (certain, _) = benchmarks.deduplicated("b", *benchmarks.references(lost))
    assert (certain.missed, certain.wrong) == (1, 1)
    assert certain.specificity == pytest.approx(2 / 3)


def test_the_command_measures_a_labelled_set_and_one_that_it_makes(sets, tmp_path):
    out = tmp_path / "deduplication.csv"
    file = references(tmp_path / "a.csv.gz")
    done = CliRunner().invoke(main, ["bench", "dedupe", str(file), "--sets", str(sets),
                                     "--out", str(out)])
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(out.open()))
    assert [r["tier"] for r in rows] == ["certain", "proposed"] * 2
    assert rows[0]["set"] == f"{tmp_path.name}/a"
    assert rows[2]["mixed"] == "0"
    assert "clusters of two reports" in done.output


def test_wrong_references_are_refused_by_row(tmp_path):
    file = references(tmp_path / "a.csv.gz", {(1, "source"): "twin", (2, "record_id"): "1"})
    done = CliRunner().invoke(main, ["bench", "dedupe", str(file)])
    assert done.exit_code == 1
    assert "row 3: source is 'twin'; expected one of unique, duplicate" in done.output
    assert "row 4: record_id is '1'; expected a number of its own" in done.output


def test_the_made_set_is_the_same_for_a_seed_and_holds_what_it_says(sets):
    of = labelled.all_labelled(sets)
    records, truth, reports = perturbing.perturbed(of, 5)
    assert perturbing.perturbed(of, 5) == (records, truth, reports)
    assert perturbing.perturbed(of, 6)[0] != records
    assert set(truth) == set(reports) == {r.source_id for r in records}
    assert all(truth[head] == "unique" and reports[head] == head for head in reports.values())
    titles = [r.title for r in records if truth[r.source_id] == "unique"]
    assert len(set(titles)) > 160, "siblings stand beside the 160 reports of the sets"
    assert sum(kind == "duplicate" for kind in truth.values()) > 30
    by_key = {r.source_id: r for r in records}
    copies = [(by_key[k], by_key[h]) for k, h in reports.items() if k != h]
    assert any(one.title != other.title for one, other in copies)
    assert any(other.doi and not one.doi for one, other in copies)
    assert any(one.first_author != other.first_author for one, other in copies)


def test_no_sibling_of_the_made_set_is_merged_silently(sets):
    records, _, reports = perturbing.perturbed(labelled.all_labelled(sets), 11)
    certain = [p for p in link.pairs(records) if p.tier == link.CERTAIN]
    assert len(certain) > 20
    assert all(reports[p.first] == reports[p.other] for p in certain)


def test_the_committed_tables_hold_the_targets():
    """What the project shows was measured, and is as good as was asked."""
    bench = Path(__file__).resolve().parents[2] / "bench"
    for row in csv.DictReader((bench / "deduplication.csv").open()):
        if row["tier"] == "certain":
            assert int(row["wrong"]) <= 1
        else:
            assert float(row["sensitivity"]) >= 0.995
            assert float(row["specificity"]) >= 0.975
    rows = list(csv.DictReader((bench / "screening.csv").open()))
    saved = {(row["tool"], row["set"]): float(row["wss95"]) for row in rows}
    sets = [name for tool, name in saved if tool == "livingreview" and name != "mean"]
    assert len(sets) == 10
    both = [name for name in sets if ("ASReview", name) in saved]
    assert len(both) == 10
    ahead = [saved["livingreview", name] - saved["ASReview", name] for name in both]
    assert sum(ahead) / len(ahead) >= -0.02
