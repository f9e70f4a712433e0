"""Families of questions that this review has not: made-up reviews begun, filled, and computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from livingreview.__main__ import main
from livingreview.data.dataset import examine

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
