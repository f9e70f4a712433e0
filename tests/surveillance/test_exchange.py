"""Files that go out for screening and come back, the commands, and templates. All made up."""

from __future__ import annotations

import csv
import io
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace

import pytest
import rispy
import screened
from click.testing import CliRunner
from made_up import KNEE
from openpyxl import load_workbook
from pretend import PubMed, papers
from screened import read_table, record, said, screening, texts, world

from livingreview.cli import main
from livingreview.data.dataset import load
from livingreview.surveillance import exchange, searching
from livingreview.surveillance.abstracts import Texts
from livingreview.surveillance.exchange import as_csv, as_ris, read, taken
from livingreview.surveillance.files import FILE
from livingreview.surveillance.net import Answer
from livingreview.surveillance.rawstore import Raw
from livingreview.surveillance.reports import reports
from livingreview.surveillance.screening import FULL, TITLE, ScreeningError


def _decided(tmp_path):
    desk = screening(world(tmp_path / "one", 4))
    desk.decide(said("r1", "Anna", "include"), said("r2", "Anna", "exclude", "no-msc"),
                said("r3", "Anna", "unsure"))
    return desk


def _fresh(tmp_path):
    return screening(world(tmp_path / "two", 4))


@pytest.mark.parametrize("write, name", [(as_csv, "out.csv"), (as_ris, "out.ris")])
def test_what_goes_out_comes_back(tmp_path, write, name):
    path, fresh = tmp_path / name, _fresh(tmp_path)
    path.write_text(write(_decided(tmp_path).data(), texts(1, 2), TITLE, "Anna"),
                    encoding="utf-8")
    found, there = taken(fresh.data(), read(path, "Anna"), TITLE, "Anna")
    fresh.decide(*found, reasons=False)
    rows = read_table(fresh.folder / "screening.csv")
    assert [(r["record_id"], r["decision"], r["reason"]) for r in rows] == [
        ("r1", "include", ""), ("r2", "exclude", "no-msc")]  # unsure is none of their words
    assert there == 0
    assert taken(fresh.data(), read(path, "Anna"), TITLE, "Anna") == ((), 2)


def test_the_files_are_what_other_programs_read(tmp_path):
    data = _decided(tmp_path).data()
    rows = list(csv.DictReader(io.StringIO(as_csv(data, texts(1), TITLE, "Anna"))))
    assert [r["included"] for r in rows] == ["1", "0", "", ""]
    assert rows[0]["abstract"].startswith("Made-up abstract 1")
    assert "record_id" not in rows[0]  # a column that ASReview gives itself
    entries = rispy.loads(as_ris(data, texts(1), TITLE, "Anna"))
    assert [e["notes"][1] for e in entries] == [
        "ASReview_relevant", "ASReview_irrelevant", "ASReview_not_seen", "ASReview_not_seen"]
    assert entries[0]["title"] == rows[0]["title"] and entries[0]["doi"] == "10.5555/made.1"
    assert entries[0]["type_of_reference"] == "JOUR"


def test_without_a_name_a_file_holds_what_two_people_decided(tmp_path):
    desk = _decided(tmp_path)
    desk.decide(said("r1", "Ben", "include"), said("r2", "Ben", "include"))
    rows = csv.DictReader(io.StringIO(as_csv(desk.data(), texts(), TITLE)))
    assert [r["included"] for r in rows] == ["1", "", "", ""]


def test_records_without_our_number_are_found_by_doi_pmid_and_title(tmp_path):
    fresh = _fresh(tmp_path)
    path = tmp_path / "asreview.csv"
    path.write_text("title,doi,pmid,asreview_label\n"
                    "x,https://doi.org/10.5555/MADE.1,,1\n"
                    "x,,2,0.0\n"
                    "REPORT 3: Rats with arthritis!,,,1.0\n"
                    "Report 4,,,\n", encoding="utf-8")
    found, _ = taken(fresh.data(), read(path, ""), TITLE, "Anna", "2026-02-02")
    assert [(d.record_id, d.decision, d.date, d.model) for d in found] == [
        ("r1", "include", "2026-02-02", "ASReview"), ("r2", "exclude", "2026-02-02", "ASReview"),
        ("r3", "include", "2026-02-02", "ASReview")]


def test_votes_of_rayyan_are_those_of_one_person(tmp_path):
    path = tmp_path / "rayyan.ris"
    path.write_text("TY  - JOUR\nTI  - Report 3: rats with arthritis\nDO  - 10.5555/made.3\n"
                    'N1  - RAYYAN-INCLUSION: {"Ann"=>"Included", "Bea"=>"Excluded", '
                    '"Cy"=>"Maybe"} | RAYYAN-LABELS: x\nER  - \n', encoding="utf-8")
    assert [read(path, who)[0].decision for who in ("Ann", "Bea", "Cy")] == [
        "include", "exclude", "unsure"]
    with pytest.raises(ScreeningError, match="'Dee' has decided nothing.*expected one of Ann"):
        read(path, "Dee")


def test_a_title_that_several_records_have_names_none_and_says_so(tmp_path):
    made = world(tmp_path, 0)
    for name in ("r1", "r2"):
        record(made, name, title="The same", doi="", pmid="")
    (tmp_path / "x.csv").write_text("title,included\nThe same,1\n", encoding="utf-8")
    with pytest.raises(ScreeningError, match="x.csv:2: 'The same' is the title of several"):
        taken(screening(made).data(), read(tmp_path / "x.csv", ""), TITLE, "Anna")


def test_records_that_a_person_has_not_decided_yet_do_not_refuse_those_that_are(tmp_path):
    votes = ('{"Ann"=>"Included"}', '{"Bea"=>"Excluded"}', '{"Ann"=>"Undecided"}',
             '{"Ann"=>"Excluded", "Bea"=>"Maybe"}')
    (tmp_path / "r.ris").write_text("".join(
        f"TY  - JOUR\nTI  - Report {i}\nN1  - RAYYAN-INCLUSION: {said}\nER  - \n"
        for i, said in enumerate(votes)), encoding="utf-8")
    assert [(e.title, e.decision) for e in read(tmp_path / "r.ris", "Ann")] == [
        ("Report 0", "include"), ("Report 3", "exclude")]


@pytest.mark.parametrize("text, expected", [
    ("title,doi\nx,y\n", ["no column says what was decided: expected one of asreview_label"]),
    ("title,included\nx,yes\ny,2\n", ["bad.csv:2: included: 'yes': expected 1, 0",
                                      "bad.csv:3: included: '2'"]),
    ("title;included\nReport 1;1\n", ["divided by commas; there are title;included"]),
    ("title,included\nCells, knees,1\nReport 1\n", ["bad.csv:2: 3 cells, expected 2",
                                                    "bad.csv:3: 1 cells, expected 2"]),
    ('title,included\n"Report 1,1\n', ["bad.csv:2: broken quoting"]),
    ("title,included\nReport 1,\n", ["no record has a decision"]),
    ("title,included\nelsewhere,1\nnowhere,0\n", ["bad.csv:2: 'elsewhere' is no record",
                                                  "bad.csv:3: 'nowhere' is no record"]),
    ("pmid,included\n1,1\n1,0\n", ["bad.csv:3: r1 has another decision at bad.csv:2"]),
    ("pmid,included\n3,0\n", ["Anna has decided include of r3, and the file says exclude"]),
])
def test_a_wrong_file_is_refused_with_all_that_is_wrong(tmp_path, text, expected):
    fresh = _fresh(tmp_path)
    fresh.decide(said("r3", "Anna", "include"))
    before = (fresh.folder / "screening.csv").read_bytes()
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(main, ["screen", "import", str(tmp_path / "bad.csv"), "--reviewer",
                                    "Anna", "--data", str(fresh.folder)])
    assert ran.exit_code == 1 and "Nothing was changed" in ran.output
    assert all(part in ran.output for part in expected), ran.output
    assert (fresh.folder / "screening.csv").read_bytes() == before


def test_a_file_in_another_encoding_is_named(tmp_path):
    (tmp_path / "x.csv").write_bytes("title,included\ncafé,1\n".encode("latin-1"))
    with pytest.raises(ScreeningError, match="is not UTF-8"):
        exchange.read(tmp_path / "x.csv", "")


def test_an_exclusion_at_full_text_needs_a_reason_from_files_too(tmp_path):
    fresh = _fresh(tmp_path)
    (tmp_path / "x.csv").write_text("pmid,included\n1,0\n", encoding="utf-8")
    found, _ = taken(fresh.data(), read(tmp_path / "x.csv", ""), FULL, "Anna")
    with pytest.raises(ScreeningError, match="an exclusion needs a reason"):
        fresh.decide(*found, reasons=False)


def test_abstracts_come_from_what_sources_answered_and_people_exported(
        tmp_path, made_up, server, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_URL_PUBMED", f"{server.url}/pubmed")
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "someone@example.org")
    PubMed(papers(2, types=("Randomized Controlled Trial",))).serve(server)
    (made_up / "strategies").mkdir()
    (made_up / "strategies" / f"{KNEE}.pubmed.txt").write_text("cells AND knee\n")
    raw = tmp_path / "raw"
    searching.run(made_up, raw)
    exported = Raw(raw, "embase", "by-hand-1")
    exported.note({"date_run": "2026-02-01", FILE: "one.ris"})
    exported.add(Answer(200, b"TY  - JOUR\nAN  - L123456789\nTI  - A made-up title\n"
                        b"AB  - An abstract that nobody wrote.\nER  - \n", {}, "file:ris"))
    broken = Raw(raw, "embase", "by-hand-2")
    broken.note({"date_run": "2026-02-02", FILE: "two.ris"})
    broken.add(Answer(200, b"nothing of any form", {}, "file:ris"))
    found = Texts.of(raw)
    one, _ = reports(load(made_up))
    assert found.of_report(one).abstract == "RESULTS: A made-up abstract."
    assert "Randomized Controlled Trial" in found.of_report(one).signals
    by_hand = replace(one, source_ids=("embase:L123456789",))
    assert found.of_report(by_hand).abstract == "An abstract that nobody wrote."
    assert found.of_report(replace(one, source_ids=("pubmed:1",))).state == "elsewhere"
    assert [line.partition(":")[0] for line in found.broken] == ["embase/by-hand-2"]


def _run(desk, *arguments, **more):
    return CliRunner().invoke(main, ["screen", *arguments, "--data", str(desk.folder)], **more)


def test_the_terminal_shows_and_keeps_the_same(tmp_path):
    desk = _fresh(tmp_path)
    ran = _run(desk, "--terminal", "--reviewer", "Anna", input="i\ne6\ne\nj\nk\nz\nu\nq\n")
    assert ran.exit_code == 0, ran.output
    for part in ("1 of 4 left, 4 in all", "Report 1", "e6  a laboratory study",
                 "'e': expected i include"):
        assert part in ran.output, part
    assert [(r["record_id"], r["decision"], r["reason"]) for r in
            read_table(desk.folder / "screening.csv")] == [
        ("r1", "include", ""), ("r2", "unsure", "")]


def test_a_terminal_that_nobody_answers_ends(tmp_path):
    ran = _run(_fresh(tmp_path), "--terminal", "--reviewer", "Anna", input="")
    assert ran.exit_code == 0 and "Report 1" in ran.output


def test_next_status_and_disagreements_say_what_waits(tmp_path):
    desk = _decided(tmp_path)
    desk.decide(said("r1", "Ben", "exclude", "no-results"), said("r2", "Ben", "exclude", "no-msc"))
    assert "Report 4" in _run(desk, "next", "--reviewer", "Anna").output
    out = _run(desk, "status").output
    assert "title and abstract: 4 records" in out and "disagreements to settle: 1" in out
    assert "Anna: 3 decided, 1 left" in out and "Ben: 2 decided, 2 left" in out
    out = _run(desk, "disagreements").output
    assert "Anna, Ben: 2 decided by both, 1 alike; kappa 0.00" in out
    assert "[r1]" in out and "Ben: exclude no-results" in out and "[r2]" not in out
    ran = _run(desk, "settle", "r1", "include")
    assert ran.exit_code == 0, ran.output
    assert "consensus: include" in _run(desk, "disagreements").output
    assert "Never searched" in _run(screening(screened.World(tmp_path / "none")), "next").output


@pytest.mark.parametrize("arguments, code, expected", [
    (("--indication", "elbow", "status"), 2, "elbow is no indication"),
    (("export", "x.txt"), 2, "ends in .ris or .csv"),
    (("import", "x.csv"), 2, "--reviewer is missing"),
    (("import", "nothing.csv", "--reviewer", "Anna"), 2, "nothing.csv: No such file"),
    (("settle", "r4", "include"), 1, "nobody differs"),
    (("template", "r1", "--out", "x.xlsx"), 1, "is not included at full text: two people"),
    (("template", "r9", "--out", "x.xlsx"), 1, "expected a record of records.csv"),
    (("--terminal", "--reviewer", "consensus"), 1, "give your own"),
])
def test_a_wrong_call_is_told_what_is_expected(tmp_path, monkeypatch, arguments, code, expected):
    monkeypatch.chdir(tmp_path)
    place = ["--data", str(_decided(tmp_path).folder)]
    ran = CliRunner().invoke(main, ["screen", *place, *arguments])
    assert (ran.exit_code, "Traceback" in ran.output) == (code, False), ran.output
    assert expected in ran.output


def test_export_and_import_by_commands(tmp_path):
    desk, fresh, path = _decided(tmp_path), _fresh(tmp_path), tmp_path / "out.ris"
    ran = _run(desk, "export", str(path), "--reviewer", "Anna")
    assert ran.exit_code == 0 and "wrote 4 records" in ran.output
    ran = _run(fresh, "import", str(path), "--reviewer", "Anna", "--date", "2026-02-03")
    assert "2 decisions of Anna taken in, 0 were there already" in ran.output
    assert {r["date"] for r in read_table(fresh.folder / "screening.csv")} == {"2026-02-03"}


def _included(tmp_path):
    made = world(tmp_path / "data", 0)
    record(made, "r1", first_author="Müller-Doe, A", registrations="NCT00000001;NCT00000002",
           title="=A title", match=f"{KNEE}:doe-2020", match_kind="registration")
    desk = screening(made)
    desk.decide(*(said("r1", who, "include", stage=stage) for who in ("Anna", "Ben")
                  for stage in ("title-abstract", "full-text")))
    return desk


def test_an_included_record_is_the_template_of_a_study(tmp_path):
    desk, out = _included(tmp_path), tmp_path / "study"
    ran = _run(desk, "template", "r1", "--out", str(out))
    assert ran.exit_code == 0 and "matched to knee-osteoarthritis:doe-2020" in ran.output
    assert (f"fill it, then `python -m livingreview import {out} --data {desk.folder} --reason "
            "WHY`") in ran.output
    study, = read_table(out / "studies.csv")
    assert {k: v for k, v in study.items() if v} == {
        "study_id": "muller-doe-2026", "title": "=A title", "first_author": "Müller-Doe, A",
        "year": "2026", "journal": "A made-up journal", "doi": "10.5555/made.1", "pmid": "1",
        "registration": "NCT00000001;NCT00000002", "source_id": "muller-doe-2026"}
    source, = read_table(out / "sources.csv")
    assert {k for k, v in source.items() if v} == {"source_id", "title", "doi", "pmid"}
    assert not read_table(out / "arms.csv")
    assert f"Indication: {KNEE}" in (out / "README.txt").read_text(encoding="utf-8")
    again = _run(desk, "template", "r1", "--out", str(out))
    assert again.exit_code == 2 and "the folder is not empty" in again.output


def test_the_workbook_holds_the_same_as_text(tmp_path):
    out = tmp_path / "study.xlsx"
    assert _run(_included(tmp_path), "template", "r1", "--out", str(out)).exit_code == 0
    book = load_workbook(out)
    sheet = book["studies"]
    names = [c.value.removesuffix(" *") for c in sheet[1]]
    row = dict(zip(names, sheet[2], strict=True))
    assert row["title"].value == "=A title" and row["title"].data_type == "s"
    assert row["year"].value == "2026" and row["design"].value is None
    assert book["README"]["B1"].value == KNEE


def test_a_study_of_the_same_name_gets_a_letter(tmp_path):
    made = world(tmp_path, 0)
    record(made, "r1", first_author="Doe", year="2020")
    desk = screening(made)
    desk.decide(*(said("r1", who, "include", stage="full-text") for who in ("Anna", "Ben")))
    _run(desk, "template", "r1", "--out", str(tmp_path / "out"))
    assert read_table(tmp_path / "out" / "studies.csv")[0]["study_id"] == "doe-2020b"


def test_the_command_serves_the_page_until_it_is_stopped(tmp_path):
    made = world(tmp_path, 1)
    made.write()
    with subprocess.Popen([sys.executable, "-m", "livingreview", "screen", "--port", "0", "--data",
                           str(made.folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:
        address = process.stdout.readline().split()[2]
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert "Who screens?" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=60)
    assert process.returncode == 130 and "screen was stopped" in told
    assert "Traceback" not in told + rest


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken_one:
        port = str(taken_one.getsockname()[1])
        ran = _run(_fresh(tmp_path), "--port", port)
    assert ran.exit_code == 2 and f"port {port} of this machine cannot be used" in ran.output
