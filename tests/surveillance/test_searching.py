"""A search from strategy to tables: again, on the next day, killed, failing, and off the net."""

from __future__ import annotations

import fcntl
import gzip
import json
import logging
import os
import shutil
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import server as fake
from click.testing import CliRunner
from conftest import INDICATION, edit, read_table, write_table
from pretend import EuropePmc, Paper, PubMed, papers

from livingreview.cli import main
from livingreview.data import tables
from livingreview.data.dataset import load
from livingreview.site.versioned import datapackage_json
from livingreview.surveillance import collected, net, rawstore, searching
from livingreview.surveillance.alone import alone
from livingreview.surveillance.sources import europepmc, pubmed

DAY = datetime(2026, 11, 30, 12, tzinfo=UTC)
CANARY = "canary-key-0123456789"


class World:
    """A small review, two made-up sources, and a clock."""

    def __init__(self, data: Path, server, monkeypatch):
        self.data, self.server, self.patch = data, server, monkeypatch
        self.raw = data.parent / "raw"
        self.pubmed = PubMed(papers(12)).serve(server)
        self.europepmc = EuropePmc([*papers(4), *papers(3, 7, origin="PPR")], page=3).serve(server)
        for source in ("pubmed", "europe-pmc"):
            self.strategy(source, "# a made-up strategy\ncells AND knee\n")
        self.day(DAY)

    def strategy(self, source: str, text: str) -> Path:
        path = self.data / "strategies" / f"{INDICATION}.{source}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def day(self, now: datetime) -> None:
        """Have it be a day, for us and for the server."""
        self.patch.setattr(net, "NOW", lambda: now)
        self.server.clock = lambda: now

    def run(self, *, raw: Path | None = None, **options) -> searching.Outcome:
        return searching.run(self.data, raw or self.raw, **options)

    def command(self, *arguments: str):
        return CliRunner().invoke(main, ["search", "--data", str(self.data),
                                         *([] if "--offline" in arguments else
                                           ["--raw", str(self.raw)]), *arguments])

    def rows(self, name: str) -> list[dict]:
        path = self.data / f"{name}.csv"
        return read_table(path) if path.exists() else []

    def bytes(self) -> dict[str, bytes]:
        """Everything in the data folder."""
        return {p.relative_to(self.data).as_posix(): p.read_bytes()
                for p in sorted(self.data.rglob("*")) if p.is_file()}

    def stored(self) -> dict[str, bytes]:
        """Everything in the raw store but the times at which answers came."""
        return {p.relative_to(self.raw).as_posix(): p.read_bytes()
                for p in sorted(self.raw.rglob("*"))
                if p.is_file() and p.name != rawstore.TIMES}

    def again(self) -> None:
        """The review as it was before any search."""
        for name in ("searches", "records", "duplicates"):
            (self.data / f"{name}.csv").unlink(missing_ok=True)
        shutil.rmtree(self.raw, ignore_errors=True)


@pytest.fixture
def world(made_up, server, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_URL_PUBMED", f"{server.url}/pubmed")
    monkeypatch.setenv("LIVINGREVIEW_URL_EUROPE_PMC", f"{server.url}/europepmc")
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "someone@example.org")
    monkeypatch.setattr(pubmed, "BATCH", 5)
    return World(made_up, server, monkeypatch)


# --- what a search writes -----------------------------------------------------------------------


def test_a_search_writes_its_row_and_its_records(world):
    result = world.command()
    assert result.exit_code == 0, result.output
    one, two = world.rows("searches")
    assert (one["source"], one["state"], one["hits"], one["fetched"], one["new"]) == (
        "pubmed", "complete", "12", "12", "12")
    assert (two["source"], two["hits"], two["new"]) == ("europe-pmc", "7", "7")
    assert one["search_id"] == f"pubmed-{INDICATION}-2026-11-30"
    assert (one["date_run"], one["window_from"], one["window_to"]) == ("2026-11-30", "",
                                                                       "2026-11-30")
    assert "cells AND knee" in one["translation"] and "made-up" not in one["translation"]
    records = world.rows("records")
    assert len(records) == 19 and records[0]["record_id"] == "pubmed-40000000"
    assert records[-1]["record_id"] == "europe-pmc-ppr-9" and records[-1]["kind"] == "preprint"
    assert "12 records from the beginning to 2026-11-30, 12 of them new" in result.output
    load(world.data)  # without errors


def test_abstracts_are_in_no_table(world):
    world.run()
    assert not [name for name, content in world.bytes().items() if b"made-up abstract" in content]


def test_the_same_report_of_two_sources_is_one(world):
    world.run()
    heads = {r["record_id"]: r["cluster"] for r in world.rows("records")}
    assert heads["europe-pmc-med-40000003"] == heads["pubmed-40000003"] == "pubmed-40000003"
    assert len(set(heads.values())) == 15


def test_what_may_be_the_same_waits_for_a_person_and_their_word_stands(world):
    title = "Mesenchymal cells for osteoarthritis of the knee joint, a randomised trial"
    base = replace(papers(1)[0], doi="", pages="", volume="", author="Roe", title=title)
    world.pubmed.papers = [replace(base, number="1")]
    world.europepmc.papers = [replace(base, number="PPR2", origin="PPR", title=f"{title}s")]
    world.run()
    (row,) = world.rows("duplicates")
    assert (row["record_id"], row["other_record_id"], row["decision"]) == (
        "europe-pmc-ppr-ppr2", "pubmed-1", "")
    assert len({r["cluster"] for r in world.rows("records")}) == 2
    said = {"decision": "same", "reviewer": "A", "date": "2026-12-01"}
    write_table(world.data / "duplicates.csv", tables.BY_NAME["duplicates"].names, [row | said])
    world.run()
    assert world.rows("duplicates") == [row | said]
    assert {r["cluster"] for r in world.rows("records")} == {"pubmed-1"}


def test_nobody_decides_while_the_tables_are_made(world, monkeypatch):
    made, held = searching.tables, []

    def tables_of(data, found):
        with open(world.data / "vocabularies.csv") as file:  # what a decision waits for
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)
        return made(data, found)

    monkeypatch.setattr(searching, "tables", tables_of)
    world.run()
    assert held == [True]


def test_records_are_matched_to_known_studies(world):
    edit(world.data, f"{INDICATION}/studies.csv", {"study_id": "doe-2020"}, "doi",
         "10.5555/made-up.40000002")
    world.run()
    matched = {r["record_id"]: (r["match"], r["match_kind"]) for r in world.rows("records")
               if r["match"]}
    name = f"{INDICATION}:doe-2020"
    assert matched == {"pubmed-40000002": (name, "doi"),
                       "europe-pmc-med-40000002": (name, "doi")}


@pytest.mark.parametrize(("source_id", "expected"), [
    ("pubmed:123", "pubmed-123"), ("europe-pmc:MED/123", "europe-pmc-med-123"),
    ("clinicaltrials:NCT01234567", "clinicaltrials-nct01234567")])
def test_a_record_has_the_same_identifier_always(source_id, expected):
    assert collected.record_id(source_id) == expected


def test_identifiers_of_other_signs_are_told_apart():
    ids = {collected.record_id("other:号码"), collected.record_id("other:代码"),
           collected.record_id("other:a/b"), collected.record_id("other:a-b", {"other-a-b"}),
           collected.record_id("other:" + "x" * 200), collected.record_id("other:" + "x" * 201)}
    assert len(ids) == 6 and all(len(i) < 80 for i in ids)


def test_a_record_that_says_more_later_is_renewed_and_keeps_its_name(world):
    first = world.pubmed.papers[0]
    world.pubmed.papers[0] = replace(first, volume="", pages="", doi="")
    world.run(chosen=["pubmed"])
    world.pubmed.papers[0] = replace(first, year="")
    world.day(DAY + timedelta(days=5))
    world.run(chosen=["pubmed"])
    row = world.rows("records")[0]
    assert (row["volume"], row["doi"], row["year"]) == ("7", first.doi, "2026")
    assert row["first_seen"] == f"pubmed-{INDICATION}-2026-11-30"


def test_cells_hold_one_line_and_no_control_character(world):
    world.europepmc.papers = [Paper("1", title="Cells\nin \x07 the\tknee\u2028joint")]
    world.run(chosen=["europe-pmc"])
    assert world.rows("records")[0]["title"] == "Cells in the knee joint"


# --- again --------------------------------------------------------------------------------------


def test_a_second_run_asks_for_nothing_and_changes_no_byte(world):
    world.run()
    before, asked = (world.bytes(), world.stored()), len(world.server.requests)
    result = world.command()
    assert (world.bytes(), world.stored()) == before and result.exit_code == 0
    assert len(world.server.requests) == asked
    assert "has been complete to 2026-11-30" in result.output


def test_the_next_search_begins_35_days_before_the_last_one_ended(world):
    world.run()
    late = replace(papers(1, 50_000_000)[0], created="2026-12-02")
    world.pubmed.papers.append(late)
    world.pubmed.papers[0] = replace(world.pubmed.papers[0], created="2026-10-01")
    world.day(datetime(2026, 12, 30, tzinfo=UTC))
    result = world.command("--source", "pubmed")
    row = world.rows("searches")[-1]
    assert (row["window_from"], row["window_to"]) == ("2026-10-26", "2026-12-30")
    assert (row["hits"], row["new"]) == ("12", "1") and result.exit_code == 0
    assert world.rows("records")[-1]["first_seen"] == row["search_id"]


def test_a_strategy_that_was_changed_is_run_from_the_beginning(world):
    world.run()
    world.strategy("pubmed", "cells AND (knee OR gonarthrosis)")
    outcome = world.run()
    (row,) = outcome.searches
    assert row["window_from"] is None and row["search_id"].endswith("2026-11-30-2")
    assert len(world.rows("searches")) == 3


def test_the_window_can_be_chosen(world):
    world.run()
    asked = len(world.server.requests)
    assert world.run(since="2026-11-15").searches == ()  # what was asked for holds that window
    world.day(DAY + timedelta(days=1))
    world.command("--since", "2026-11-15", "--source", "pubmed")
    assert world.rows("searches")[-1]["window_from"] == "2026-11-15"
    assert len(world.server.requests) > asked


def test_a_search_by_a_shorter_window_does_not_stand_for_a_longer_one(world):
    world.run(chosen=["pubmed"], since="2026-11-15")
    (row,) = world.run(chosen=["pubmed"], since="2026-10-01").searches
    assert row["window_from"] == "2026-10-01"


# --- failing ------------------------------------------------------------------------------------


def test_days_that_a_later_since_left_out_are_asked_for_by_the_next_search(world):
    world.run(chosen=["pubmed"])
    world.day(DAY + timedelta(days=120))
    world.run(chosen=["pubmed"], since="2027-03-20")
    world.day(DAY + timedelta(days=130))
    (row,) = world.run(chosen=["pubmed"]).searches
    assert row["window_from"] == "2026-10-26", "35 days before the search without a gap ended"
    world.day(DAY + timedelta(days=131))
    (row,) = world.run(chosen=["pubmed"]).searches
    assert row["window_from"] == "2027-03-05"


def test_a_source_that_fails_is_named_and_leaves_the_others(world):
    world.server.on("/europepmc/searchPOST", fake.failing(500))
    result = world.command()
    assert result.exit_code == 1 and "europe-pmc" in result.stderr and "500" in result.stderr
    one, two = world.rows("searches")
    assert (one["state"], two["state"], two["hits"], two["new"]) == ("complete", "failed", "", "")
    assert "it answers 500" in two["reason"] and len(world.rows("records")) == 12
    before = world.bytes()
    assert world.command().exit_code == 1  # it fails again in the same way
    assert world.bytes() == before
    world.europepmc.serve(world.server)
    assert world.command().exit_code == 0
    one, two = world.rows("searches")
    assert (two["state"], two["reason"], two["new"]) == ("complete", "", "7")


def test_the_cursor_moves_only_when_a_search_is_complete(world):
    world.run(chosen=["pubmed"])
    world.day(DAY + timedelta(days=30))
    world.pubmed.errors = "<ErrorList><PhraseNotFound>cels</PhraseNotFound></ErrorList>"
    assert "cels" in world.run(chosen=["pubmed"]).failed[0]["reason"]
    world.pubmed.errors = ""
    world.day(DAY + timedelta(days=60))
    (row,) = world.run(chosen=["pubmed"]).searches
    assert row["window_from"] == "2026-10-26"
    assert [r["state"] for r in world.rows("searches")] == ["complete", "failed", "complete"]


@pytest.mark.parametrize(("reply", "said"), [
    (fake.captive(), "a page of HTML"), (fake.failing(403), "quota"),
    (fake.text('{"errCode":500,"errMsg":"no"}'), "no (500)"),
    (fake.Reply(b"x" * 99, fault="reset"), "cut off"), (fake.moved("http://example.org"), "host"),
    (fake.text("{}", date=DAY - timedelta(days=9)), "differ by 9.0 days")])
def test_every_fault_has_a_row_that_says_it(world, reply, said):
    world.server.on("/europepmc/searchPOST", reply)
    (row,) = world.run().failed
    assert said in row["reason"]
    assert world.rows("searches")[0]["state"] == "complete"


def test_an_answer_that_nobody_foresaw_leaves_the_others(world, monkeypatch):
    monkeypatch.setattr(pubmed, "read", lambda answers: [a.nothing for a in answers])
    (row,) = world.run().failed
    assert row["source"] == "pubmed" and "not understood (AttributeError" in row["reason"]
    assert world.rows("searches")[1]["state"] == "complete"


def test_data_that_break_while_a_search_runs_are_named(world):
    answer = world.server.reply_to

    def breaking(request):
        path = world.data / INDICATION / "studies.csv"
        path.write_text(path.read_text().replace(",rct,", ",no-design,"))
        world.server.reply_to = answer
        return answer(request)

    world.server.reply_to = breaking
    result = world.command()
    assert result.exit_code == 1 and "no-design" in result.stderr and not world.rows("searches")


def test_fewer_records_than_are_counted_are_a_failure(world):
    world.europepmc.told = {"hitCount": 8}
    (row,) = world.run(chosen=["europe-pmc"]).failed
    assert row["reason"] == "it counts 8 records and has sent 7"
    assert world.rows("records") == []


def test_disk_full_leaves_the_tables_and_the_next_run_goes_on(world, monkeypatch):
    put, left = rawstore._put, iter([True] * 7)

    def full(path, content):
        if not next(left, False):
            raise OSError(28, "No space left on device", str(path))
        put(path, content)

    before = world.bytes()
    monkeypatch.setattr(rawstore, "_put", full)
    result = world.command()
    assert result.exit_code == 1 and "No space left on device" in result.stderr
    assert world.bytes() == before and "Traceback" not in result.output
    monkeypatch.setattr(rawstore, "_put", put)
    asked = len(world.server.requests)
    assert world.command().exit_code == 0
    assert world.rows("searches")[0]["fetched"] == "12"
    assert len(world.server.asked("/pubmed/esearch.fcgi")) == 1 and asked  # it was stored


def test_tables_that_cannot_be_written_are_as_they_were(world, monkeypatch):
    world.run(chosen=["pubmed"])
    before = world.bytes()

    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("livingreview.intake.files._beside", full)
    result = world.command()
    assert result.exit_code == 1 and world.bytes() == before
    assert "No space left on device" in result.stderr


def test_two_runs_at_once_are_one(world):
    with alone(world.data):
        result = world.command()
    assert result.exit_code == 1 and "another command is at work" in result.stderr
    assert not world.server.requests and world.command().exit_code == 0


# --- killed -------------------------------------------------------------------------------------


def _in_a_process(world, before_run=lambda: None) -> int:
    """Run in a process of its own; how it ended."""
    child = os.fork()
    if child == 0:
        try:
            before_run()
            world.run()
        finally:
            os._exit(0)
    world.child = child
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_run_killed_at_any_page_goes_on_to_the_same_bytes(world):
    world.run()
    whole, number = (world.bytes(), world.stored()), len(world.server.requests)
    assert number == 8
    answer = world.server.reply_to
    for page in range(1, number + 1):
        world.again()
        world.server.requests.clear()

        def deadly(request, page=page):
            reply = answer(request)
            if len(world.server.requests) == page:
                os.kill(world.child, signal.SIGKILL)
            return reply

        world.server.reply_to = deadly
        assert _in_a_process(world) == -signal.SIGKILL
        world.server.reply_to = answer
        assert not world.rows("searches")
        world.run()
        assert (world.bytes(), world.stored()) == whole, f"killed at page {page}"
        assert len(world.server.requests) <= number + 1  # what was stored is not asked for again


def test_a_run_killed_while_it_writes_tables_is_made_whole(world):
    world.again()
    package = world.data / "datapackage.json"
    package.write_text(datapackage_json(load(world.data)))
    before = package.read_bytes()
    world.run()
    whole = world.bytes()
    assert whole["datapackage.json"] != before
    for last in (1, 2, 3, 4):
        world.again()
        package.write_bytes(before)

        def deadly(last=last):
            real, done = os.replace, []

            def replacing(source, target):
                real(source, target)
                if Path(target).parent == world.data:
                    done.append(target)
                    if len(done) == last:
                        os.kill(os.getpid(), signal.SIGKILL)

            os.replace = replacing

        assert _in_a_process(world, deadly) == -signal.SIGKILL
        world.run()
        assert world.bytes() == whole, f"killed after file {last}"


def test_a_run_that_was_killed_on_another_day_begins_again(world):
    stale = rawstore.Raw(world.raw, "pubmed", f"pubmed-{INDICATION}-2026-11-30")
    stale.note({"state": "running", "strategy": "another"})
    stale.add(net.Answer(200, b"<eSearchResult/>", {}, "http://127.0.0.1/x"))
    assert world.run(chosen=["pubmed"]).failed == ()
    assert world.rows("searches")[0]["fetched"] == "12"


# --- off the net --------------------------------------------------------------------------------


def test_a_replay_writes_the_same_bytes_and_asks_for_nothing(world):
    world.run()
    world.day(DAY + timedelta(days=30))
    world.run()
    whole = world.bytes()
    store = world.raw.rename(world.data.parent / "kept")
    world.again()
    world.server.requests.clear()
    for variable in ("LIVINGREVIEW_EMAIL", "LIVINGREVIEW_URL_PUBMED"):
        world.patch.delenv(variable)
    world.day(DAY + timedelta(days=300))
    assert world.command("--offline", str(store)).exit_code == 0
    assert world.bytes() == whole and len(world.rows("searches")) == 4
    result = world.command("--offline", str(store))
    assert world.bytes() == whole and "nothing new to write" in result.output
    assert not world.server.requests


def test_a_replay_takes_what_is_chosen(world):
    world.run()
    store = world.raw.rename(world.data.parent / "kept")
    world.again()
    world.command("--offline", str(store), "--source", "europe-pmc")
    assert [r["source"] for r in world.rows("searches")] == ["europe-pmc"]
    result = world.command("--offline", str(store), "--source", "isrctn")
    assert result.exit_code == 2 and "holds no stored search" in result.stderr


def test_a_replay_of_the_same_search_under_another_name_adds_no_row(world):
    world.run(chosen=["pubmed"])
    before = world.bytes()
    folder = world.raw / "pubmed"
    name = f"pubmed-{INDICATION}-2026-11-30"
    shutil.copytree(folder / name, folder / f"{name}-9")
    about = json.loads((folder / f"{name}-9" / "search.json").read_text())
    (folder / f"{name}-9" / "search.json").write_text(
        json.dumps(about | {"search_id": f"{name}-9", "date_run": "2026-12-01"}))
    assert world.run(raw=world.raw, offline=True).searches == () and world.bytes() == before


@pytest.mark.parametrize(("break_", "said"), [
    (lambda page: page.write_bytes(page.read_bytes()[:40]), "cannot be read"),
    (lambda page: page.write_bytes(gzip.compress(b"<PubmedArticleSet/>")), "not what manifest.csv"),
    (lambda page: page.unlink(), "cannot be read")])
def test_a_store_that_was_changed_is_named(world, break_, said):
    world.run()
    store = world.raw.rename(world.data.parent / "kept")
    world.again()
    break_(store / "pubmed" / f"pubmed-{INDICATION}-2026-11-30" / "0002.gz")
    result = world.command("--offline", str(store))
    assert result.exit_code == 1 and said in result.stderr and "0002.gz" in result.stderr
    assert [r["state"] for r in world.rows("searches")] == ["complete", "failed"] or [
        r["state"] for r in world.rows("searches")] == ["failed", "complete"]


def test_a_store_that_ends_too_early_is_named(world):
    world.run(chosen=["pubmed"])
    store = world.raw.rename(world.data.parent / "kept")
    world.again()
    manifest = store / "pubmed" / f"pubmed-{INDICATION}-2026-11-30" / "manifest.csv"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:-1]))
    result = world.command("--offline", str(store))
    assert result.exit_code == 1 and "ends before the search does" in result.stderr


def test_other_answers_for_a_search_that_is_there_are_refused(world):
    world.run(chosen=["pubmed"])
    before = world.bytes()
    shutil.rmtree(world.raw)
    world.pubmed.papers.pop()
    data, world.data = world.data, Path(shutil.copytree(world.data, world.data.parent / "other"))
    for name in ("searches", "records"):
        (world.data / f"{name}.csv").unlink()
    world.run(chosen=["pubmed"])
    world.data = data
    result = world.command("--offline", str(world.raw))
    assert result.exit_code == 2 and "with other answers" in result.stderr
    assert world.bytes() == before


# --- wrong calls, keys --------------------------------------------------------------------------


def test_all_that_is_wrong_with_a_call_is_said_at_once(world):
    result = world.command("--indication", "elbow", "--source", "embase", "--since", "2030-01-01")
    assert result.exit_code == 2 and not world.server.requests
    for said in ("elbow is no indication", "embase is no source", "2030-01-01 is after today"):
        assert said in result.stderr


def test_strategies_that_cannot_be_run_are_said_at_once(world):
    world.strategy("pubmed", "# only a comment\n")
    path = world.strategy("europe-pmc", "")
    path.write_bytes(b"cells \xff")
    result = world.command()
    assert result.exit_code == 2 and not world.server.requests
    assert "pubmed.txt: it holds no strategy" in result.stderr
    assert "europe-pmc.txt: byte 6 is not UTF-8" in result.stderr


def test_no_strategy_at_all_is_said(world):
    shutil.rmtree(world.data / "strategies")
    result = world.command()
    assert result.exit_code == 2 and "INDICATION.SOURCE.txt" in result.stderr


def test_nobody_is_asked_without_the_address_of_who_asks(world, monkeypatch):
    monkeypatch.delenv("LIVINGREVIEW_EMAIL")
    result = world.command()
    assert result.exit_code == 2 and "LIVINGREVIEW_EMAIL" in result.stderr
    assert not world.server.requests


def test_a_source_that_needs_a_key_is_left_out_without_one(world):
    world.strategy("openalex", "knee")
    result = world.command()
    assert result.exit_code == 0 and "not searched: openalex" in result.output
    result = world.command("--source", "openalex")
    assert result.exit_code == 2 and "not asked without" in result.stderr


def test_sources_that_only_a_person_can_ask_are_passed_over(world):
    world.strategy("central", "cells AND knee")
    assert world.command().exit_code == 0
    assert {r["source"] for r in world.rows("searches")} == {"pubmed", "europe-pmc"}


def test_no_file_no_log_and_no_message_holds_a_key(world, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("NCBI_API_KEY", CANARY)
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "canary-mail@example.org")
    world.pubmed.errors = f"<OtherList><Key>{CANARY} canary-mail@example.org</Key></OtherList>"
    said = [world.command().output]  # NCBI repeats keys in what it says
    assert world.server.asked("/pubmed/efetch.fcgi")[0].params["api_key"] == CANARY
    world.day(DAY + timedelta(days=1))
    world.server.on("/pubmed/efetch.fcgi", fake.text(f'{{"api-key": "{CANARY}"}}', status=429))
    said.append(world.command().output)
    assert [r["state"] for r in world.rows("searches")].count("failed") == 1
    files = [p for p in world.data.parent.rglob("*") if p.is_file()]
    assert len([p for p in files if p.suffix == ".gz"]) >= 8
    for path in files:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert b"canary" not in content, path
    assert "canary" not in "".join(said) + caplog.text


def test_the_pages_of_europe_pmc_are_as_large_as_is_said():
    assert 1 <= europepmc.PAGE <= 1000  # the most that the service gives
