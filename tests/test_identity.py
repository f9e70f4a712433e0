"""What pages say they are: a published version, a later state of the data, or other data."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import small_book
from bs4 import BeautifulSoup
from made_up import KNEE, World

from livingreview.data import reads, versions
from livingreview.data.dataset import load
from livingreview.data.parcel import Parcel
from livingreview.data.store import Store
from livingreview.render.book import Pages
from livingreview.render.engine import render
from livingreview.render.versions import Released, Versions
from livingreview.review import dumps, review
from livingreview.review.searches import searches
from livingreview.site import archive, extension, feed, freshness, heads, notebooks
from livingreview.site.workers import Workers
from livingreview.view.changelog import changelog

FIRST, SECOND = "2026.11.0", "2026.12.0"
SITE = "https://reviews.example.org/msc"


def _release(data, folder: Path, version: str) -> None:
    """The files of a version, as far as pages read them."""
    folder.mkdir(exist_ok=True)
    (folder / f"{version}.json").write_text(dumps(review(data).document))
    (folder / f"{version}.manifest.json").write_text(json.dumps(
        {"version": version, "date": f"{version[:4]}-{version[5:7]}-30", "data_version": "",
         "package_version": "1", "sha256": {}}))


@pytest.fixture
def two(tmp_path, monkeypatch) -> Path:
    """Two versions, of which the second has a trial more and an analysis that sorts first."""
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(tmp_path / "releases"))
    monkeypatch.delenv(reads.VERSION, raising=False)
    world = World(tmp_path / "data")
    for name, mean in (("ash-2019", 30), ("birch-2020", 35)):
        world.trial(name).pair(name, mean, 40, 12)
    world.analysis().analysis(analysis_id="before-it", title="Sorts first", role="further")
    # a trial that only a check uses is in no analysis of the flow, in no version
    world.trial("fig-2018", comparator="hyaluronic-acid").pair("fig-2018")
    world.analysis(analysis_id="a-check", title="A check", role="check", comparison="any")
    _release(load(world.write()), tmp_path / "releases", FIRST)
    world.trial("elm-2022", first_author="Elm", year=2022).pair("elm-2022", 45, 40, 11)
    _release(load(world.write()), tmp_path / "releases", SECOND)
    return tmp_path


def _chapter(folder: Path) -> str:
    found = review(load(folder / "data"))
    ev = found.evidence[KNEE]
    return render(changelog(ev, ev.studies, found.document["analyses"]).changes)


def _said(folder: Path) -> dict[str, str]:
    """What the pages say that are about versions."""
    page, flow = Versions(folder / "data"), Pages(folder / "data").flow()
    return {name: str(getattr(page, name)()._repr_html_())
            for name in ("published", "since", "citation", "to_cite")} | {
                "living": Pages(folder / "data").prisma_lsr()._repr_html_(),
                "flow": flow._repr_html_(), "chapter": _chapter(folder)}


def test_pages_of_a_version_are_compared_with_the_one_before_it(two, monkeypatch):
    monkeypatch.setenv(reads.VERSION, SECOND)
    said = _said(two)
    for name in ("since", "chapter"):
        assert f"Compared with version {FIRST}" in said[name] and "Elm 2022" in said[name], name
    assert f"Version {FIRST}" in said["living"]
    assert f"Preceding version: {FIRST}" in said["flow"] and "1 more and 0 fewer" in said["flow"]
    assert f"version {SECOND}" in said["published"] and "2026-12-30" in said["published"]
    for name in ("citation", "to_cite"):
        assert f"Version {SECOND}. 2026-12-30" in said[name], name
    assert not any("Not released" in text or "unreleased" in text for text in said.values())


def test_pages_of_the_first_version_have_none_before_them(two, monkeypatch):
    monkeypatch.setenv(reads.VERSION, FIRST)
    said = _said(two)
    for name in ("since", "chapter", "living", "flow"):
        assert "first" in said[name] and "Compared" not in said[name], name
        assert SECOND not in said[name], name
    assert f"Version {FIRST}. 2026-11-30" in said["citation"]


def test_pages_of_a_later_state_are_compared_with_the_newest_version(two):
    said = _said(two)
    for name in ("since", "chapter"):
        assert f"Compared with version {SECOND}" in said[name] and "No estimate" in said[name], name
    assert f"Version {SECOND}" in said["living"] and "no published version" in said["published"]
    assert f"Preceding version: {SECOND}" in said["flow"]
    assert "3 studies in its analyses" in said["flow"] and "0 more and 0 fewer" in said["flow"]
    assert "Not released" in said["citation"]
    assert said["to_cite"].index("Not released") < said["to_cite"].index(f"Version {SECOND}.")


def test_pages_cannot_be_a_version_that_is_not_published(two, monkeypatch):
    monkeypatch.setenv(reads.VERSION, "2027.01.0")
    with pytest.raises(versions.VersionError, match=f"2027.01.0.*{FIRST}, {SECOND}"):
        versions.here()


def _write_page(book: Path) -> None:
    """A page that says which version it is."""
    (book / "identity.md").write_text(small_book.PAGES["plain"].replace(
        "print('no data')", "from livingreview.data import versions\n"
        "print('here:', versions.here())"))


def _executed(book: Path) -> str:
    """What is executed for the page that says which version it is, and the page itself."""
    said, data, store = [], load(book / "data"), Store(book / "store")
    page = freshness.Page.read("identity", book / "identity.md", "pins")
    freshness.execute([page], store, data, Workers(1), said.append)
    text = store.find(page.piece, page.base, data.fingerprint).decode()
    return f"{len(said)} {text}"


def test_the_version_of_the_pages_is_a_read(two, monkeypatch):
    _write_page(two)
    states = [freshness.state(two / "data", two)]
    assert "here: \\n" in _executed(two) and _executed(two).startswith("0 ")
    monkeypatch.setenv(reads.VERSION, SECOND)
    assert f"here: {SECOND}" in _executed(two) and _executed(two).startswith("0 ")
    states.append(freshness.state(two / "data", two))
    monkeypatch.setenv(reads.VERSION, FIRST)
    assert f"here: {FIRST}" in _executed(two)
    monkeypatch.delenv(reads.VERSION)
    kept = _executed(two)  # from the store: nothing is executed
    assert "here: \\n" in kept and kept.startswith("0 ") and states[0] != states[1]


def test_a_parcel_carries_the_version_to_kernels_elsewhere(two, monkeypatch):
    monkeypatch.setenv(reads.VERSION, SECOND)
    parcel = Parcel.of(load(two / "data"), with_releases=True)
    monkeypatch.delenv(reads.VERSION)  # as on another machine
    _write_page(two)
    page = freshness.Page.read("identity", two / "identity.md", "pins")
    done = notebooks.execute(str(page.path), nbformat.writes(page.notebook), parcel, "")
    assert f"here: {SECOND}" in done.text and reads.IDENTITY in done.reads


def test_changes_between_versions_are_in_the_order_of_the_analyses(two):
    page = Released(SECOND, two / "data").changes()._repr_html_()
    assert page.index("Pain:") < page.index("Sorts first:")
    text = feed.feed(load(two / "data"), SITE)
    assert text.index("made-up:") < text.index("before-it:")


# --- addresses --------------------------------------------------------------------------------


def test_addresses_are_those_of_the_deployment(two, monkeypatch):
    alone = feed.feed(load(two / "data"), SITE)
    assert heads.address(f"{SITE}/", SECOND) == heads.address(SITE) == SITE
    assert f'href="{SITE}/feed.xml"' in alone and f"{SITE}/releases/{FIRST}.html" in alone
    monkeypatch.setenv(heads.SIBLINGS, "1")
    beside = feed.feed(load(two / "data"), SITE)
    assert heads.address(SITE) == f"{SITE}/latest" and heads.address("", SECOND) == ""
    assert heads.address(SITE, SECOND) == f"{SITE}/{SECOND}"
    assert f'href="{SITE}/latest/feed.xml"' in beside
    assert f"<id>{SITE}/{FIRST}/releases/{FIRST}.html</id>" in beside
    monkeypatch.setenv(reads.VERSION, SECOND)
    config = SimpleNamespace(livingreview_site_url=SITE, livingreview_repository_url="",
                             language="en", myst_substitutions={})
    extension._addresses(None, config)
    assert config.html_baseurl == f"{SITE}/{SECOND}/"


def test_what_search_engines_read_names_the_version_and_every_download():
    facts = {"title": "A review", "authors": "The contributors"}
    identity = heads.Identity(SECOND, "2026-11-22", "abc", "2026-12-30")

    def record(landing: bool) -> dict:
        return heads.linked_data(facts, identity, SITE, "p", "t", landing)

    for one in (record(True), record(False)):
        assert (one["version"], one["datePublished"]) == (SECOND, "2026-12-30")
    found = {d["contentUrl"].removeprefix(f"{SITE}/"): d["encodingFormat"]
             for d in record(True)["distribution"]}
    assert found["api/v1/studies.csv"] == "text/csv"
    assert found["results.json"] == found["api/v1/analyses.json"] == "application/json"


def test_the_archive_has_the_page_that_its_site_names(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("x")
    archive._zip(tmp_path / "a.zip", {"site": tmp_path / "site"}, 0)
    with zipfile.ZipFile(tmp_path / "a.zip") as held:
        assert 'href="site/index.html"' in held.read("index.html").decode()


# --- other data -------------------------------------------------------------------------------


def _foot(identity: heads.Identity) -> str:
    """What the foot of a page says of it."""
    made = heads.footer(identity, lambda page, kind=0: "../")
    return BeautifulSoup(made, "lxml").summary.get_text()


def test_a_site_of_other_data_names_their_folder_and_claims_no_commit(tmp_path, monkeypatch):
    monkeypatch.delenv(reads.VERSION, raising=False)
    monkeypatch.setenv(heads.COMMIT, "a" * 40 + "-changed")
    for name in ("data", "mine"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("LIVINGREVIEW_DATA", str(tmp_path / "data"))
    own = heads.Identity.of(tmp_path, "2026-11-22")
    assert own.words == "unreleased, data of 2026-11-22"
    assert _foot(own) == (f"This site: {own.words} · commit {'a' * 12} with changes")
    monkeypatch.setenv("LIVINGREVIEW_DATA", str(tmp_path / "mine"))
    other = heads.Identity.of(tmp_path, "2026-11-22")
    assert other.words == "unreleased, data of 2026-11-22 in the folder mine"
    assert _foot(other) == (f"This site: {other.words} · code of commit {'a' * 12} with changes")


# --- searches ---------------------------------------------------------------------------------


@pytest.fixture
def searched(tmp_path) -> World:
    """Two searches with four records: one merged, one out by its title, one by its full text."""
    world = World(tmp_path / "data").trial("ash-2019").pair("ash-2019")
    world.search("one", "2026-11-01", hits=812, fetched=812, new=3)
    world.search("two", "2026-11-02", source="embase", state="by-hand", hits=1200, new=1)
    world.search("three", "2026-11-02", source="isrctn", state="failed", reason="no answer")
    for name in ("a", "b", "c"):
        world.record(name, "one")
    world.record("d", "two", source_ids="embase:d", cluster="a")
    world.screened("a", "include").screened("b", "exclude", reason="laboratory")
    return world.screened("a", "exclude", "full-text", reason="no-results")


def _flow(world: World) -> BeautifulSoup:
    return BeautifulSoup(Pages(world.write()).flow()._repr_html_(), "lxml")


def test_what_searches_found_is_counted_once_and_followed(searched):
    shown = _flow(searched)
    boxes = {li.get_text(" ", strip=True): li for li in shown.select("ol.lr-flow li")}
    text = " | ".join(boxes)
    for said in ("Searches of our own : 2,012 records found in 2 searches, 4 of them not found",
                 "The same report as another record: 1", "Still to be screened : 1",
                 "Reports screened on title and abstract : 2", "Excluded on title and abstract: 1",
                 "Awaiting assessment : 0", "Reports assessed in full text: 1",
                 "Excluded at full text : 1 (no results: 1)", "Reports included: 0"):
        assert said in text, said
    assert "No search" not in shown.p.get_text()
    lsr = Pages(searched.folder).prisma_lsr()._repr_html_()
    assert "Searches made: 2, the last on 2026-11-02" in lsr
    assert "Records decided on: 2." in lsr
    assert [s["hits"] for s in searches(load(searched.folder))] == [812, 1200]


def test_without_a_search_the_page_says_so(tmp_path):
    world = World(tmp_path / "data").trial("ash-2019").pair("ash-2019")
    shown = _flow(world)
    assert "No search of our own has been made" in shown.p.get_text()
    boxes = shown.ol.get_text()
    assert "no search made yet" in boxes and "screened" not in boxes


def test_a_search_that_failed_is_no_search(tmp_path):
    world = World(tmp_path / "data").trial("ash-2019").pair("ash-2019")
    shown = _flow(world.search("one", "2026-11-02", state="failed", reason="no answer"))
    assert "no search made yet" in shown.ol.get_text()


def test_hits_that_no_search_states_are_not_zero(tmp_path):
    world = World(tmp_path / "data").trial("ash-2019").pair("ash-2019")
    shown = _flow(world.search("one", "2026-11-02"))
    assert shown.ol.get_text(" ").count("not stated") == 1


def test_the_search_schedule_of_the_flow_page_is_not_typed():
    page = (reads.PACKAGE.parent / "book" / "flow.md").read_text(encoding="utf-8")
    assert "no search" not in page.lower()
