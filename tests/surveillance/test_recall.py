"""What strategies find of known studies: all that is served, and the studies, are made up."""

from __future__ import annotations

import csv
import json
import re
from types import SimpleNamespace

import pytest
import server as fake
from click.testing import CliRunner, Result
from made_up import KNEE, World

from livingreview.__main__ import main
from livingreview.surveillance import net, recall
from livingreview.surveillance.net import SourceError
from livingreview.surveillance.sources import europepmc, pubmed

CANARY = "canary-key-0123456789"
PMIDS = [str(number) for number in range(101, 110)]
STRATEGY = {"pubmed": "# a draft\ncells[tiab] AND knee*[tiab]\n",
            "europe-pmc": "TITLE_ABS:cells AND TITLE_ABS:knee",
            "clinicaltrials": "AREA[InterventionSearch](cells) AND AREA[ConditionSearch](knee)",
            "isrctn": "cells AND knee"}


@pytest.fixture
def folder(tmp_path):
    """Nine trials of people with PMIDs and NCT numbers, one of rats, and four strategies."""
    world = World(tmp_path / "data")
    for number in PMIDS:
        world.study(f"trial-{number}", pmid=number, registration=f"NCT{number:0>8}",
                    title=f"Cells of the kind {number} for knees")
    world.rows["studies"][0]["title"] = "Something else"
    world.study("rats", pmid="999", species="rat", title="Cells for knees of rats")
    world.study("odd", registration="NCT12;ISRCTN12345678", title="")
    made = world.write()
    (made / "strategies").mkdir()
    for source, text in STRATEGY.items():
        (made / "strategies" / f"{KNEE}.{source}.txt").write_text(text, encoding="utf-8")
    return made


class Sources:
    """All four sources, which find what is in `found`."""

    def __init__(self, server):
        self.found = {*PMIDS}
        server.route("/esearch.fcgi", self.pubmed)
        server.route("/searchPOST", self.europe)
        server.route("/studies", self.trials)
        server.on("/query/format/default", fake.xml(
            '<allTrials xmlns="http://www.67bricks.com/isrctn" totalCount="0"/>'))

    def chosen(self, text: str) -> list[str]:
        return [n for n in re.findall(r"(?:EXT_ID:|NCT00000|\b)(\d{3})\b", text)
                if n in self.found]

    def pubmed(self, request) -> fake.Reply:
        ids = self.chosen(request.params["term"])
        return fake.xml(f"<eSearchResult><Count>{len(ids)}</Count><IdList>"
                        f"{''.join(f'<Id>{n}</Id>' for n in ids)}</IdList>"
                        "<QueryTranslation>cells</QueryTranslation></eSearchResult>")

    def europe(self, request) -> fake.Reply:
        ids = self.chosen(request.params["query"])
        return fake.text(json.dumps({"hitCount": len(ids), "resultList": {
            "result": [{"id": n, "source": "MED"} for n in ids]}}))

    def trials(self, request) -> fake.Reply:
        ids = self.chosen(request.params["filter.ids"])
        return fake.text(json.dumps({"totalCount": len(ids), "studies": [
            {"protocolSection": {"identificationModule": {"nctId": f"NCT{n:0>8}"}}}
            for n in ids]}))


@pytest.fixture
def sources(server, monkeypatch):
    for name in ("PUBMED", "EUROPE_PMC", "CLINICALTRIALS", "ISRCTN"):
        monkeypatch.setenv(f"LIVINGREVIEW_URL_{name}", server.url)
    monkeypatch.setenv("NCBI_API_KEY", CANARY)
    monkeypatch.setenv("LIVINGREVIEW_EMAIL", "made-up@example.org")
    return Sources(server)


def call(folder, *arguments) -> Result:
    return CliRunner().invoke(main, ["bench", "recall", "--data", str(folder),
                                     *map(str, arguments)])


def test_one_request_for_each_strategy_and_what_is_missed_is_named(folder, sources, server):
    sources.found -= {"104"}
    done = call(folder)
    assert done.exit_code == 0, done.output
    assert len(server.requests) == 4
    term = server.asked("/esearch.fcgi")[0].params["term"]
    assert term.startswith("(cells[tiab] AND knee*[tiab]) AND (101[uid] OR 102[uid] OR")
    assert "999" not in term  # rats
    counts = dict(re.findall(rf"{KNEE}, (pubmed, (?:drafting|held out)): (\d of \d)", done.output))
    assert sorted(counts.values()) in (["4 of 4", "4 of 5"], ["3 of 4", "5 of 5"])
    assert "  missed: 104 (trial-104)" in done.output
    assert "  missed: NCT00000104 (trial-104)" in done.output
    assert f"{KNEE}, isrctn, drafting: 0 of 1" in done.output
    asked = server.asked("/studies")[0].params["filter.ids"].split(",")
    assert len(asked) == 9 and "NCT12" not in asked  # of a form that would be refused
    assert CANARY not in done.output


def test_sources_that_know_the_same_numbers_are_taken_together(folder, sources, server):
    def europe(request):  # it finds one that PubMed lacks, and lacks others
        sources.found = {"104"}
        return sources.europe(request)

    sources.found -= {"104"}
    server.route("/searchPOST", europe)
    done = call(folder, "--source", "pubmed", "--source", "europe-pmc")
    counts = re.findall(r"all together, pubmed\+europe-pmc, .*: (\d) of (\d)", done.output)
    assert sorted(counts) == [("4", "4"), ("5", "5")], done.output


OTHERS = """TY  - JOUR
TI  - Cells for knees that another review included
AN  - PMID: 101
N1  - NCT00000102
ER  -
TY  - JOUR
TI  - Another title
AN  - PMID: 777
ER  -
TY  - JOUR
TI  - A study without a number
ER  -
"""


def test_what_others_included_is_a_second_set(folder, sources, server, tmp_path):
    file = tmp_path / "included.ris"
    file.write_text(OTHERS, encoding="utf-8")
    done = call(folder, "--reference", file, "--indication", KNEE)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "included.ris: 3 studies, 2 of them with a PMID or a registration" in lines
    for line in (f"{KNEE}, pubmed, reference: 1 of 2", "  missed: 777 (Another title)",
                 f"{KNEE}, clinicaltrials, reference: 1 of 1",
                 "all together, pubmed+europe-pmc, reference: 1 of 2"):
        assert line in lines, line
    assert "held out" not in done.output
    titles = call(folder, "--reference", file, "--indication", KNEE, "--titles",
                  "--source", "pubmed").output
    assert f"{KNEE}, pubmed, titles: 1 of 3" in titles


@pytest.mark.parametrize("text, arguments, code, why", [
    (OTHERS, (), 2, "say which with --indication"),
    ("<html>", ("--indication", KNEE), 1, "a web page, not an export")])
def test_a_reference_that_cannot_be_is_refused(folder, tmp_path, text, arguments, code, why):
    file = tmp_path / "included.ris"
    file.write_text(text, encoding="utf-8")
    done = call(folder, "--reference", file, *arguments)
    assert done.exit_code == code and why in done.output and "Traceback" not in done.output


def test_the_same_seed_holds_out_the_same_half():
    drafting, out = recall.halves(PMIDS, 7)
    assert (len(drafting), len(out)) == (5, 4) and {*drafting, *out} == {*PMIDS}
    assert recall.halves(PMIDS[::-1], 7) == (drafting, out)
    assert any(recall.halves(PMIDS, seed)[1] != out for seed in range(5))
    assert recall.halves(["1"], 7) == (("1",), ())


def test_a_source_that_fails_is_named_and_the_others_are_measured(folder, sources, server):
    server.on("/esearch.fcgi", fake.failing(400))
    done = call(folder)
    assert done.exit_code == 1
    assert f"failed: {KNEE}: pubmed: it answers 400" in done.output
    assert f"{KNEE}, europe-pmc, held out: 4 of 4" in done.output
    assert "1 of 4 strategies were not measured" in done.output


def test_a_source_that_failed_twice_is_left_alone(server, sources):
    server.on("/esearch.fcgi", fake.failing(400))
    failed = []
    asked = [(indication, "pubmed", STRATEGY["pubmed"]) for indication in "abc"]
    data = SimpleNamespace(records=lambda name, indication: [
        {"study_id": "one", "species": "human", "pmid": "101", "registration": None}])
    assert not list(recall.measured(data, asked, failed=lambda error, indication: failed.append(
        (indication, error.reason.partition(":")[0]))))
    assert failed == [("a", "it answers 400"), ("b", "it answers 400"),
                      ("c", "it is not asked again after it failed twice")]
    assert len(server.requests) == 2


def test_a_phrase_that_is_not_found_stops_its_strategy(folder, sources, server):
    server.on("/esearch.fcgi", fake.xml(
        "<eSearchResult><Count>3</Count><IdList/><ErrorList><PhraseNotFound>knea</PhraseNotFound>"
        "</ErrorList></eSearchResult>"))
    done = call(folder, "--source", "pubmed")
    assert done.exit_code == 1 and "knea" in done.output
    assert "drafting" not in done.output


def test_without_an_address_of_who_asks_pubmed_is_not_asked(folder, sources, server, monkeypatch):
    monkeypatch.delenv("LIVINGREVIEW_EMAIL")
    done = call(folder, "--source", "pubmed")
    assert done.exit_code == 1 and "LIVINGREVIEW_EMAIL" in done.output and not server.requests


def test_a_strategy_that_is_not_well_formed_stops_before_anything_is_asked(folder, sources, server):
    path = folder / "strategies" / f"{KNEE}.pubmed.txt"
    path.write_text("# a\n(cells[tiab]\nOR knee[tib]", encoding="utf-8")
    done = call(folder)
    assert done.exit_code == 1 and not server.requests
    assert f"{path.name}: line 2: a parenthesis is not closed" in done.output
    assert f"{path.name}: line 3: tib: no field of this source" in done.output
    assert done.output.endswith("Nothing was measured.\n")


@pytest.mark.parametrize(("arguments", "said"), [
    (["--source", "embase"], "--source embase: expected one of pubmed, europe-pmc"),
    (["--titles", "--source", "isrctn"], "--source isrctn: expected one of pubmed, europe-pmc"),
    (["--indication", "gout"], "--indication gout: expected one of"),
])
def test_a_wrong_call_is_named(folder, arguments, said):
    done = call(folder, *arguments)
    assert done.exit_code == 2 and said in done.output


def test_titles_need_no_network(folder, server):
    done = call(folder, "--titles")
    assert done.exit_code == 0
    assert f"{KNEE}, pubmed, titles: 8 of 9" in done.output
    assert "  missed: trial-101: Something else" in done.output
    assert f"{KNEE}, europe-pmc, titles: 0 of 9" in done.output  # knees is not knee there
    assert not server.requests


def test_without_a_term_a_strategy_misses_what_nothing_else_finds(folder, server):
    path = folder / "strategies" / f"{KNEE}.pubmed.txt"
    path.write_text('(cells[tiab] OR "Cells"[mh] OR kind 105[tiab] OR something[tiab])\nAND '
                    "(knee*[tiab] OR else[tiab] OR knees[tiab])\n", encoding="utf-8")
    done = call(folder, "--titles", "--terms", "--source", "pubmed")
    assert done.exit_code == 0, done.output
    others = ", ".join(f"trial-{n}" for n in ("102", "103", "104", "106", "107"))
    assert done.output.splitlines()[-4:] == [
        f"{KNEE}, pubmed, terms: 3 of 6 find a title that no other finds",
        f"  cells (line 1): 7: {others} and 2 more",  # of 105 the other term finds it too
        "  something (line 1): 1: trial-101", "  else (line 2): 1: trial-101"]
    assert not server.requests


def test_terms_are_those_of_titles(folder):
    done = call(folder, "--terms")
    assert done.exit_code == 2 and "--terms looks at titles: add --titles" in done.output


def test_the_counts_are_written_as_a_table(folder, sources, tmp_path):
    out = tmp_path / "recall.csv"
    assert call(folder, "--source", "pubmed", "--out", out).exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source"], row["part"], row["known"], row["found"]) for row in rows] == [
        ("pubmed", "drafting", "5", "5"), ("pubmed", "held out", "4", "4")]


def test_no_strategies_are_said(folder, sources):
    done = call(folder, "--indication", KNEE, "--titles", "--source", "pubmed")
    assert done.exit_code == 0
    for path in (folder / "strategies").iterdir():
        path.unlink()
    done = call(folder)
    assert done.exit_code == 1 and "has no strategy for these" in done.output


@pytest.mark.parametrize(("module", "path", "reply"), [
    (pubmed, "/esearch.fcgi", fake.xml("<eSearchResult><Count>1</Count><IdList><Id>7</Id></IdList>"
                                       "<QueryTranslation/></eSearchResult>")),
    (europepmc, "/searchPOST", fake.text(
        '{"hitCount": 1, "resultList": {"result": [{"id": "7", "source": "MED"}]}}')),
])
def test_what_was_not_asked_for_stops(server, sources, module, path, reply):
    server.on(path, reply)
    with pytest.raises(SourceError, match="7, which was not asked for"):
        module.known(net.client(module.NAME), "cells", ["8"])


def test_europe_pmc_says_its_errors_with_200(server, sources):
    server.on("/searchPOST", fake.text('{"errCode": 404, "errMsg": "no such thing"}'))
    with pytest.raises(SourceError, match="no such thing"):
        europepmc.known(net.client("europe-pmc"), "cells", ["8"])
