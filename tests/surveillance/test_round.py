"""A made-up month: the round, screening by two people, a new study with numbers, what changes.

Every report, registration, notice and person is made up.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from lxml import etree
from made_up import KNEE, World
from pretend import EuropePmc, PubMed, papers
from server import failing, text, xml

from livingreview.cli import main
from livingreview.data import versions
from livingreview.data.dataset import examine, load
from livingreview.review import living
from livingreview.review.changes import changes
from livingreview.review.searches import counted
from livingreview.site.feed import feed
from livingreview.surveillance import net, told
from livingreview.surveillance.screening import FULL, TITLE, Decision, Screening

DAY = datetime(2026, 11, 30, 12, tzinfo=UTC)
NEW, COMPANION = "pubmed-40000005", "pubmed-40000007"
TAKEN_BACK = "10.5555/taken-back"
REGISTERED, POSTED = "NCT01234567", "NCT07654321"
RW = ("Record ID,Title,Subject,Institution,Journal,Publisher,Country,Author,URLS,ArticleType,"
      "RetractionDate,RetractionDOI,RetractionPubMedID,OriginalPaperDate,OriginalPaperDOI,"
      "OriginalPaperPubMedID,RetractionNature,Reason,Paywalled,Notes,\r\n"
      "1,Made up,,,,,,,,,11/2/2026 0:00,10.5555/notice,0,,10.5555/taken-back,0,Retraction,,,,\r\n")


def _registration(number: str, results: bool = False, status: str = "RECRUITING") -> dict:
    """A registration as ClinicalTrials.gov has it."""
    dates = {"resultsFirstPostDateStruct": {"date": "2026-11-20"}} if results else {}
    return {"hasResults": results, "protocolSection": {
        "identificationModule": {"nctId": number, "briefTitle": f"Made-up cells of {number}"},
        "statusModule": {"overallStatus": status,
                         "studyFirstPostDateStruct": {"date": "2021-05-06"},
                         "lastUpdatePostDateStruct": {"date": "2026-11-20"}, **dates},
        "designModule": {"studyType": "INTERVENTIONAL", "enrollmentInfo": {"count": 40}}}}


class Month:
    """A review of three trials, and made-up servers for every source."""

    def __init__(self, root: Path, server, monkeypatch):
        self.root, self.server, self.patch = root, server, monkeypatch
        self.data, self.raw, self.out = root / "data", root / "surveillance/raw", root / "out"
        world = World(self.data)
        world.trial("known-2020", doi="10.5555/known", registration=REGISTERED, year=2020)
        world.pair("known-2020", 30, 40)
        world.trial("taken-2019", doi=TAKEN_BACK, year=2019).pair("taken-2019", 20, 40)
        world.trial("third-2018", doi="10.5555/third", year=2018).pair("third-2018", 33, 40)
        world.study("posted-2021", registration=POSTED, status="registered", progress="running")
        world.analysis()
        for source in ("pubmed", "europe-pmc", "clinicaltrials"):
            world.add("living", source=source, indication=KNEE, schedule_days=31, run_by="command")
        world.add("about", key="title", value="A made-up review")
        world.write()
        for source in ("pubmed", "europe-pmc", "clinicaltrials"):
            path = self.data / "strategies" / f"{KNEE}.{source}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text("# made up\ncells AND knee\n")
        monkeypatch.setattr(net, "NOW", lambda: DAY)
        server.clock = lambda: DAY
        monkeypatch.setenv("LIVINGREVIEW_EMAIL", "someone@example.org")
        for source, path in {"pubmed": "pubmed", "europe-pmc": "europepmc", "crossref": "crossref",
                             "clinicaltrials": "ctgov", "retraction-watch": "rw"}.items():
            name = source.upper().replace("-", "_")
            monkeypatch.setenv(f"LIVINGREVIEW_URL_{name}", f"{server.url}/{path}")
        self.serve()

    def serve(self, **said) -> None:
        """Thirty reports, twenty of them again elsewhere, ten registrations."""
        found = [replace(p, **said, registrations=(REGISTERED,) if p.number == COMPANION[-8:]
                         else ()) for p in papers(30)]
        pubmed = PubMed(found).serve(self.server)
        self.server.route("/pubmed/esearch.fcgi", lambda request: xml(
            "<eSearchResult><Count>0</Count><IdList/></eSearchResult>")
            if "[aid]" in request.params["term"] else pubmed.search(request))
        EuropePmc(found[:20]).serve(self.server)
        self.server.on("/ctgov/version", text(
            '{"apiVersion": "2.0.5", "dataTimestamp": "2026-11-30T09:00:05"}'))
        self.server.route("/ctgov/studies", self.registrations)
        self.server.route("/crossref/*", self.crossref)
        self.server.on("/rw/retraction_watch.csv", text(RW))

    @staticmethod
    def registrations(request):
        if "filter.ids" in request.params:
            found = [_registration(REGISTERED, status="COMPLETED"),
                     _registration(POSTED, results=True, status="COMPLETED")]
            return text(json.dumps({"studies": found}))
        found = [_registration(f"NCT9000{i:04}") for i in range(10)]
        return text(json.dumps({"studies": found, "totalCount": 10}))

    @staticmethod
    def crossref(request):
        path = unquote(request.path)
        if not path.startswith("/crossref/works/"):
            return text(json.dumps({"message": {"total-results": 0, "items": []}}))
        message = {"DOI": path.removeprefix("/crossref/works/")}
        if message["DOI"] == TAKEN_BACK:
            message["updated-by"] = [{"DOI": "10.5555/notice", "type": "retraction",
                                      "updated": {"date-parts": [[2026, 11, 2]]}}]
        return text(json.dumps({"message": message}))

    def call(self, *arguments, code: int = 0) -> str:
        done = CliRunner().invoke(main, [str(a) for a in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == code, done.output
        return done.output

    def round(self, *arguments, code: int = 3) -> str:
        return self.call("round", "--data", self.data, "--out", self.out, *arguments, code=code)

    def results(self, name: str) -> dict:
        self.call("results", "--data", self.data, "--out", self.root / name, "--jobs", "1")
        return versions.document(self.root / name, load(self.data).names)

    def bytes(self, folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes()
                for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def month(tmp_path, server, monkeypatch):
    return Month(tmp_path, server, monkeypatch)


def _table(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[dict]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys(name for row in rows for name in row),
                                restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_a_round_searches_watches_and_asks_the_registry_and_reports(month):
    said = month.round()
    assert said.startswith("Round of 2026-11-30: 40 new reports, 1 new notice, 0 changes of "
                           "registrations, 40 reports waiting\n")
    found = json.loads((month.out / "round.json").read_text())
    assert [(s["source"], s["fetched"], s["new"], s["state"]) for s in found["searches"]] == [
        ("pubmed", 30, 30, "complete"), ("europe-pmc", 20, 20, "complete"),
        ("clinicaltrials", 10, 10, "complete")]
    assert len(found["reports"]) == 40 == len({r["record_id"] for r in found["reports"]})
    assert sorted(r["place"] for r in found["reports"]) == [*range(1, 41)]
    assert [(r["record_id"], r["match"], r["known"]) for r in found["reports"] if r["match"]] == [
        (COMPANION, [f"{KNEE}:known-2020"], False)]
    assert [(n["study_id"], n["kind"], n["sources"]) for n in found["notices"]] == [
        ("taken-2019", "retraction", ["retraction-watch", "crossref"])]
    assert found["moved"][0] == "results: 1 of 1 analyses change"
    assert [line.split(":")[0] for line in found["moved"][2:5]] == [
        "    before", "    after", "    leaves"]
    assert "k = 3" in found["moved"][2] and "k = 2" in found["moved"][3]
    assert all(f"  {line}" in said.splitlines() for line in found["moved"])
    assert found["posted"] == {POSTED: [f"{KNEE}:posted-2021"]}
    assert found["looked_up"] == 2 and found["failures"] == []
    assert (found["progress"], found["asks"]) == (2, True)
    assert [s["state"] for s in found["status"]["sources"]] == ["current"] * 3
    assert found["status"]["queues"][0]["to_screen"] == 40


def test_a_report_is_text_a_pull_request_and_an_entry_of_a_feed(month):
    month.round()
    asks = (month.out / "pull-request.md").read_text()
    for line in ("- [ ] screen 40 reports: `git fetch && git switch` this branch, then "
                 "`make screen`",
                 f"- [ ] notice: {KNEE}, taken-2019: retraction of 2026-11-02 (10.5555/notice), by "
                 "retraction-watch, crossref",
                 f"- [ ] posted results of {POSTED} ({KNEE}:posted-2021): `python -m livingreview "
                 f"registry {POSTED} --draft OUT`",
                 "| pubmed | knee-osteoarthritis | the beginning | 2026-11-30 | 30 | 30 |"):
        assert line in asks.splitlines()
    assert f"**of {KNEE}:known-2020**" in asks
    entry = etree.fromstring((month.out / "round.xml").read_bytes())
    atom = "{http://www.w3.org/2005/Atom}"
    assert entry.tag == f"{atom}entry"
    assert {child.tag.removeprefix(atom) for child in entry} >= {"id", "title", "updated",
                                                                 "author", "content"}
    assert entry.findtext(f"{atom}id").startswith("urn:uuid:")
    assert entry.findtext(f"{atom}content").startswith("Round of 2026-11-30")
    assert (month.out / "round.txt").read_text().startswith("Round of 2026-11-30")


def test_what_is_due_is_one_line_a_source(month):
    with (month.data / "living.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{source},{where},31,{who}\n" for source, who in (
            ("embase", "person"), ("openalex", "command")) for where in (KNEE,))
    month.server.on("/europepmc/searchPOST", failing(400))
    month.round(code=1)
    asks = (month.out / "pull-request.md").read_text().splitlines()
    for line in (f"- [ ] see why search failed: europe-pmc, {KNEE}",
                 "- [ ] search embase by hand, then `python -m livingreview import FILE`: "
                 f"{KNEE} (never searched)",
                 f"- [ ] `python -m livingreview search --source openalex --indication {KNEE}`: "
                 f"{KNEE} (never searched)",
                 f"- [ ] `python -m livingreview search --source europe-pmc --indication {KNEE}`: "
                 f"{KNEE} (failed)"):
        assert line in asks, line
    assert len([line for line in asks if line.startswith("- [ ]") and "search" in line]) == 4


def test_a_pair_that_may_be_one_report_is_to_be_decided_before_both_are_screened(month):
    found = papers(30)
    alike = replace(found[19], doi="10.5555/preprint", number="PPR9", origin="PPR")
    EuropePmc([*found[:19], alike]).serve(month.server)
    said = month.round()
    assert '1 pair of records may be one report: "Duplicates?" in ' in said
    assert "- [ ] say of 1 pair of records whether they are one report" in (
        month.out / "pull-request.md").read_text()
    assert json.loads((month.out / "round.json").read_text())["pairs"] == 1


def test_a_first_round_with_thousands_of_reports_fits_into_a_pull_request(month, monkeypatch):
    monkeypatch.setattr(told, "LISTED", 5)
    month.round()
    asks = (month.out / "pull-request.md").read_text()
    assert "\n5. " in asks and "\n6. " not in asks
    assert "\nAnd 35 more, which `make screen` shows.\n" in asks
    assert len(json.loads((month.out / "round.json").read_text())["reports"]) == 40


def test_what_servers_send_is_text_in_every_form(month):
    month.serve(abstract="&lt;b&gt;", author="&lt;script&gt;alert(1) [x](y) @somebody | `a`")
    month.round()
    entry = etree.fromstring((month.out / "round.xml").read_bytes())
    assert "<script>" in entry.findtext("{http://www.w3.org/2005/Atom}content")
    asks = (month.out / "pull-request.md").read_text()
    assert "<script>" not in asks and "@somebody" not in asks and "[x](y)" not in asks.replace(
        "\\[x](y)", "")


def test_a_second_round_changes_no_byte_and_reports_nothing_new(month):
    month.round()
    before = month.bytes(month.data)
    said = month.round()
    assert said.startswith("Round of 2026-11-30: 0 new reports, 0 new notices, 0 changes of "
                           "registrations, 40 reports waiting\n")
    assert month.bytes(month.data) == before


def test_a_round_is_replayed_from_its_store(month):
    month.round()
    kept = {n: c for n, c in month.bytes(month.data).items()}
    for name in ("searches", "records", "duplicates", "notices", "watches", "registrations"):
        path = month.data / f"{name}.csv"
        path.write_text(path.read_text().partition("\n")[0] + "\n")
    month.server.requests.clear()
    month.round("--offline", month.raw)
    assert month.server.requests == []
    assert month.bytes(month.data) == kept


@pytest.mark.parametrize("break_, failed", [
    (lambda m: m.server.on("/europepmc/searchPOST", failing(403)), "search, europe-pmc, "),
    (lambda m: m.server.on("/rw/retraction_watch.csv", failing(403)), "watch, retraction-watch"),
    (lambda m: m.server.on("/ctgov/studies", failing(403)), "registry, clinicaltrials"),
    (lambda m: m.patch.delenv("LIVINGREVIEW_EMAIL"), "search: pubmed is not asked without"),
], ids=["search", "watch", "registry", "address"])
def test_a_part_that_fails_is_named_and_leaves_the_others(month, break_, failed):
    break_(month)
    said = month.round(code=1)
    part = said[said.index("What failed"):said.index("Searches\n")]
    assert failed in part
    data = load(month.data)
    assert examine(month.data).problems == data.problems
    written = {name for name in ("records", "watches", "registrations") if data.records(name)}
    assert len(written) >= 2 or "address" in failed


def test_changes_of_a_registration_are_told(month):
    month.round()
    month.patch.setattr(Month, "registrations", None)
    month.server.route("/ctgov/studies", lambda request: text(json.dumps(
        {"studies": [_registration(REGISTERED, status="TERMINATED"), _registration(POSTED, True)]}
        if "filter.ids" in request.params else {"studies": [], "totalCount": 0})))
    said = month.round()
    assert (f"{REGISTERED} ({KNEE}:known-2020): status COMPLETED → TERMINATED" in said)
    assert "Results are posted" not in said  # they were posted before


def _decide(month, records: Sequence[str], stage: str, decision: str, reason: str = "") -> None:
    Screening(month.data, lambda: DAY.date()).decide(*(
        Decision(record, stage, person, decision, reason)
        for record in records for person in ("Ann", "Bob")))


def test_a_month_from_the_round_to_a_new_estimate(month):
    """Round, screening by two people, a new study with numbers, check, and what changes why."""
    old = month.results("old.json")
    month.round()
    retracted = month.results("retracted.json")
    (change,) = changes(old, retracted)["analyses"]
    assert [(s["cause"], s["trial_id"]) for s in change["steps"]] == [("retracted", "taken-2019")]

    others = {one.record_id for one in living.standings(load(month.data))} - {NEW, COMPANION}
    _decide(month, sorted(others), TITLE, "exclude", "other-condition")
    _decide(month, (NEW, COMPANION), TITLE, "include")
    _decide(month, (NEW,), FULL, "include")
    _decide(month, (COMPANION,), FULL, "exclude", "no-results")
    queue = living.queue(load(month.data))[KNEE]
    assert (queue.waiting, queue.included, queue.excluded, queue.excluded_full_text) == (
        0, 1, 38, {"no-results": 1})

    month.round()
    asked = (month.out / "pull-request.md").read_text()
    assert f"- [ ] enter {NEW}, which is included: " in asked
    study = _new_study(month)
    month.call("import", study, "--data", month.data, "--indication", KNEE, "--reason",
               "found by the search", "--no-results", "--yes")
    assert not [p for p in examine(month.data).problems if p.level == "error"]
    new = month.results("new.json")
    (change,) = changes(retracted, new)["analyses"]
    assert [(s["cause"], s["trial_id"]) for s in change["steps"]] == [("added", "doe5-2026")]
    assert (change["before"]["k"], change["now"]["k"]) == (2, 3)
    assert change["before"]["estimate"] != change["now"]["estimate"]
    _pages_say_why(month)
    said = month.round()  # the notice is open still, and results are to be taken in
    asked = (month.out / "pull-request.md").read_text()
    assert (f"- [ ] 1 open notice of {KNEE}: write `handled` as its state in `notices.csv`, and in "
            "`handled_how`") in asked and "None was written." in asked
    assert "- [ ] enter" not in asked
    assert re.search(r"0 new reports, 0 new notices, .* 0 reports waiting", said)


def _pages_say_why(month) -> None:
    """The flow has each step of the month, and the feed its day of searches and its notice."""
    data = load(month.data)
    flow = counted(data)
    assert (flow.fetched, flow.records, flow.duplicates) == (60, 60, 20)
    assert (flow.known, flow.screened, flow.excluded, flow.assessed) == (0, 40, 38, 2)
    assert (flow.excluded_full_text, flow.included) == ((("no-results", 1),), 1)
    words = " ".join(etree.fromstring(feed(data, "https://example.org").encode()).itertext())
    assert "2026-11-30" in words and "PubMed" in words and "taken-2019" in words
    assert "10.5555/notice" in words or "retraction" in words.lower()


def _new_study(month) -> Path:
    """The template of the included report, filled with made-up arms and values."""
    folder = month.root / "study"
    month.call("screen", "template", NEW, "--out", folder, "--data", month.data)
    (row,), (source,) = _table(folder / "studies.csv"), _table(folder / "sources.csv")
    name = row["study_id"]
    assert (name, row["doi"]) == ("doe5-2026", "10.5555/made-up.40000005")
    _write(folder / "studies.csv", [row | {"design": "rct", "species": "human", "status":
                                           "published", "blinding": "double", "unit": "patient"}])
    _write(folder / "sources.csv", [source | {"kind": "full-text-table",
                                              "accessed": "2026-11-30"}])
    arm = {"study_id": name, "n_allocated": 20, "source_id": name}
    _write(folder / "arms.csv", [
        arm | {"arm_id": "msc", "role": "intervention", "treatment_source": "bone-marrow",
               "treatment_product": "cultured-msc"},
        arm | {"arm_id": "saline", "role": "comparator", "comparator_type": "saline",
               "treatment_source": "none", "treatment_product": "none"}])
    value = {"study_id": name, "outcome": "pain-vas", "instrument": "VAS", "scale_min": 0,
             "scale_max": 100, "better": "lower", "timepoint_months": 6, "statistic": "final",
             "n": 20, "sd": 12, "source_id": name}
    _write(folder / "outcomes.csv", [value | {"arm_id": "msc", "mean": 25},
                                     value | {"arm_id": "saline", "mean": 42}])
    return folder
