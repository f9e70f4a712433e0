"""Versions: what a release writes, what it refuses, and the site of a tag."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from bs4 import BeautifulSoup
from click.testing import CliRunner
from rendered import plain, soup
from small_project import Project, git

from livingreview.__main__ import main
from livingreview.data import about
from livingreview.data.dataset import load
from livingreview.render.engine import render
from livingreview.render.versions import Released, Versions
from livingreview.review import review
from livingreview.site import api, archive, feed, heads
from livingreview.site.release import ReleaseError
from livingreview.view.changes import changed
from livingreview.view.versions import citation

FIRST, SECOND = "2026.11.0", "2026.12.0"


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = tmp_path / "project"
    made.mkdir()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1796000000")
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(made / "releases"))
    return Project(made)


def test_a_release_writes_its_files_and_says_how_it_is_tagged(project):
    commands = project.release(FIRST)
    assert commands[1:3] == [f'git commit -m "Release {FIRST}"',
                             f'git tag -a v{FIRST} -m "Version {FIRST}"']
    root = project.root
    for path in commands[0].split()[2:]:
        assert (root / path).is_file(), path
    made = json.loads((root / f"releases/{FIRST}.manifest.json").read_text())
    for path, digest in made["sha256"].items():
        assert hashlib.sha256((root / path).read_bytes()).hexdigest() == digest, path
    assert {f"data/{p}" for p in load(root / "data").digests} < made["sha256"].keys()
    assert made["pins"] == {"numpy": "1.0"} and made["date"] == "2026-11-30"
    cited = yaml.safe_load((root / "CITATION.cff").read_text())
    assert cited["version"] == FIRST and str(cited["date-released"]) == made["date"]
    assert json.loads((root / ".zenodo.json").read_text())["version"] == FIRST
    crate = {e["@id"]: e for e in json.loads(
        (root / "ro-crate-metadata.json").read_text())["@graph"]}
    assert crate["#contributors"]["@type"] == "Organization"
    assert crate["livingreview/"]["license"]["@id"].endswith("MIT")
    assert "## Unreleased\n\n## 2026.11.0 (2026-11-30)\n\n- The first" in (
        root / "CHANGELOG.md").read_text()
    commit = git(root, "rev-parse", "HEAD").strip()
    assert not any(commit in (root / p).read_text() for p in commands[0].split()[2:])


@pytest.mark.parametrize("version, code", [("26.11.0", 2), ("2026.13.0", 2), ("v2026.11.0", 2),
                                           ("2026.11.01", 2), ("", 2), ("1999.11.0", 2)])
def test_what_is_no_version_is_refused(project, version, code):
    with pytest.raises(ReleaseError) as caught:
        project.release(version)
    assert caught.value.exit_code == code and not (project.root / "releases").exists()


def test_a_dirty_tree_and_a_failed_check_are_refused(project):
    with pytest.raises(ReleaseError, match="check failed"):
        project.release(FIRST, checks="false")
    (project.root / "book" / "new").write_text("x")
    with pytest.raises(ReleaseError, match="not clean"):
        project.release(FIRST)
    assert not (project.root / "releases").exists()


def _refused(project, match: str) -> str:
    """Why the first version is refused; nothing of it changes."""
    held = {p.name: p.read_bytes() for p in (project.root / "releases").glob("*")}
    with pytest.raises(ReleaseError, match=match) as caught:
        project.release(FIRST)
    assert held == {p.name: p.read_bytes() for p in (project.root / "releases").glob("*")}
    assert git(project.root, "status", "--porcelain") == ""
    return str(caught.value)


def test_a_published_version_never_changes(project):
    project.release(FIRST)
    project.commit()
    assert project.release(FIRST) == []  # not tagged yet
    project.world.rows["outcomes"][0]["mean"] = 20
    project.world.write()
    project.commit()
    said = _refused(project, "other results")
    assert "values corrected (" in said and "ash-2019): mean of msc 20 instead of 30" in said
    with pytest.raises(ReleaseError, match="older"):
        project.release("2026.10.0")


def test_a_published_version_has_the_content_of_its_tag(project):
    project.release(FIRST)
    project.commit(FIRST)
    project.release(SECOND, again=True)  # what a release writes is no other content
    project.commit(SECOND)
    assert project.release(FIRST) == [] == project.release(SECOND)
    (project.root / "book" / "something").write_text("y")
    project.commit()
    assert _refused(project, "other content").splitlines()[1:] == ["book/something"]
    git(project.root, "revert", "--no-edit", "HEAD")
    assert project.release(FIRST) == []
    (project.root / "releases" / f"{FIRST}.md").write_text("y")
    project.commit()
    assert f"releases/{FIRST}.md" in _refused(project, "other content")


def test_without_a_tag_a_published_version_has_the_content_of_its_manifest(project):
    (project.root / "data" / "README.md").write_text("x")
    project.commit()
    project.release(FIRST)
    project.commit()
    (project.root / "data" / "README.md").write_text("y")
    (project.root / "requirements.txt").write_text("numpy==2.0\n")
    project.commit()
    found = _refused(project, "other content")
    assert found.splitlines()[1:] == ["data/README.md", "numpy"]
    (project.root / f"releases/{FIRST}.manifest.json").write_text("{")
    project.commit()
    _refused(project, "cannot be read")


@pytest.mark.parametrize("tag", [FIRST, ""], ids=["tagged", "not tagged"])
def test_a_release_in_which_nothing_has_changed_is_made_only_again(project, tag):
    project.release(FIRST)
    project.commit(tag)
    changelog = project.root / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("# Changelog", "# What changed"))
    project.commit()  # of what a release writes itself
    held = {p: p.read_bytes() for p in project.root.rglob("*") if p.is_file()}
    with pytest.raises(ReleaseError, match=f"nothing has changed since {FIRST}.*--again") as caught:
        project.release(SECOND, checks="false")  # before any check
    assert caught.value.exit_code == 1 and git(project.root, "status", "--porcelain") == ""
    assert all(p.read_bytes() == content for p, content in held.items())
    assert project.release(SECOND, again=True)
    git(project.root, "clean", "-fdq")
    git(project.root, "checkout", "-q", ".")
    (project.root / "livingreview" / "something").write_text("y")
    project.commit()
    assert project.release(SECOND)


def test_a_tag_without_its_version_is_refused(project):
    git(project.root, "tag", f"v{FIRST}")
    with pytest.raises(ReleaseError, match=f"tag v{FIRST} is there"):
        project.release(FIRST, checks="false")  # before any check
    assert not (project.root / "releases").exists()


def test_every_file_of_the_data_is_in_the_manifest(project):
    for name in ("README.md", "codebook.csv", "a name.txt"):
        (project.root / "data" / name).write_text("x")
    project.commit()
    project.release(FIRST)
    made = json.loads((project.root / f"releases/{FIRST}.manifest.json").read_text())
    held = {f"data/{p.relative_to(project.root / 'data').as_posix()}"
            for p in (project.root / "data").rglob("*") if p.is_file()}
    assert made["sha256"].keys() == held | {f"releases/{FIRST}.json"}


def test_each_heading_of_the_changelog_stands_after_an_empty_line(project):
    for version in (FIRST, SECOND):
        project.release(version, again=True)
        project.commit(version)
    text = (project.root / "CHANGELOG.md").read_text()
    lines = text.splitlines()
    assert lines.count("") and "\n\n\n" not in text and text.count("## ") == 3
    assert all(lines[i - 1] == "" for i, line in enumerate(lines) if line.startswith("## "))
    assert lines[-1] == "- A thing." and lines[-2].startswith("- The first version")


def test_the_archives_say_which_licence_is_of_what(project):
    (project.root / "LICENSE").write_text("x")
    (project.root / "Makefile").write_text("x")
    project.commit()
    project.release(FIRST)
    crate = {e["@id"]: e for e in json.loads(
        (project.root / "ro-crate-metadata.json").read_text())["@graph"]}
    whole = crate["./"]["license"]  # of what has no other one
    assert {name: crate[name].get("license", whole)["@id"].rpartition("/")[2] for name in (
        "data/", "book/", "livingreview/", "requirements.txt", "Makefile", "LICENSE",
        "CITATION.cff", f"releases/{FIRST}.md")} == {
            "data/": "CC-BY-4.0", "book/": "CC-BY-4.0", "livingreview/": "MIT",
            "requirements.txt": "MIT", "Makefile": "MIT", "LICENSE": "MIT",
            "CITATION.cff": "CC-BY-4.0", f"releases/{FIRST}.md": "CC-BY-4.0"}
    assert "pyproject.toml" not in crate  # not there
    said = "Text and data: CC-BY-4.0. Code: MIT."
    assert json.loads((project.root / ".zenodo.json").read_text())["notes"] == said
    assert said in yaml.safe_load((project.root / "CITATION.cff").read_text())["abstract"]


@pytest.fixture
def two(project):
    """Two versions: between them a trial is added and another one retracted."""
    project.release(FIRST)
    project.commit(FIRST)
    project.world.trial("elm-2022").pair("elm-2022", 45, 40, 11)
    project.world.rows["studies"][0]["status"] = "retracted"
    project.world.write()
    project.commit()
    project.release(SECOND)
    project.commit(SECOND)
    return project


def test_the_page_of_a_version_names_what_was_added_and_retracted_with_its_part(two):
    page = Released(SECOND, two.root / "data").changes()._repr_html_()
    assert "Part of the change" in page
    # in the overview and in the way of the estimate
    for cause in ("trial added", "trial retracted"):
        assert page.count(cause) >= 2
    assert "first version" in Released(FIRST, two.root / "data").changes()._repr_html_()
    listed = Versions(two.root / "data").published()._repr_html_()
    assert listed.index(SECOND) < listed.index(FIRST)
    assert "No estimate" in Versions(two.root / "data").since()._repr_html_()


def test_the_feed_has_an_entry_for_each_version(two):
    text = feed.feed(load(two.root / "data"), "https://example.org/r")
    assert text.count("<entry>") == 2 and text.index(SECOND) < text.index(FIRST)
    assert "elm-2022" in text and "<name>The contributors</name>" in text


def test_names_are_escaped_once_in_the_feed_and_not_in_a_text():
    side = {"measure": "MD", "k": 1, "n": 2, "estimate": None, "ci_low": None, "ci_high": None,
            "certainty": None}
    made_of = {"data_version": "2026-11-22", "package_version": "1"}
    said = changed(None, {"before": made_of, "now": made_of, "unchanged": 0, "files": [],
                          "analyses": [{"id": "a", "title": "Pain & <stiffness>", "now": side,
                                        "indication": "x", "measure": "MD", "before": None,
                                        "causes": [], "steps": [], "total": None}]})
    text = render(said, form="txt")
    assert "a: Pain & <stiffness>" in text and "no pooled estimate (1 trial)" in text
    entry = feed.Entry("1", "2026-11-30", "https://example.org/1", said)
    made = render(feed.Feed("https://example.org/f", "T", "A", "2026-11-30", (entry,)), form="xml")
    content = ElementTree.fromstring(made).find(".//{http://www.w3.org/2005/Atom}content")
    assert content.text == text


def test_the_interface_follows_its_schema(two):
    data = load(two.root / "data")
    files = api.files(data, review(data))
    described = api.schema()
    listed = json.loads(files[f"{api.BASE}/index.json"])["files"]
    for name in api.FILES:
        records = json.loads(files[f"{api.BASE}/{name}.json"])
        jsonschema.validate(records, described)
        jsonschema.validate(records, {**described, "$ref": f"#/$defs/{name}"})
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([{**records[0], "version": 1, "k": "x", "study_id": 2}], described)
        assert listed[name]["schema"] == f"schema.json#/$defs/{name}"
        lines = files[f"{api.BASE}/{name}.csv"].splitlines()
        assert lines[0].split(",") == list(described["$defs"][name]["items"]["properties"])
        assert len(records) == len(lines) - 1 > 0
    found = json.loads(files[f"{api.BASE}/versions.json"])
    assert [v["version"] for v in found] == [SECOND, FIRST]


def _built(tree: Path, version: str, commit: str, epoch: str) -> Path:
    """A site made in no time."""
    site = tree / "_build" / "html"
    (site / "data").mkdir(parents=True)
    (site / "data" / "studies.csv").write_text("x")
    (site / "results.json").write_bytes((tree / f"releases/{version}.json").read_bytes())
    (site / "index.html").write_text(f"{version} {commit}")
    (tree / "livingreview" / "__pycache__").mkdir()
    (tree / "livingreview" / "__pycache__" / "bytecode").write_text(str(tree))
    return site


def _printed(site: Path, out: Path, say, chapter: str = "") -> None:
    """A version printed in no time."""
    out.mkdir()
    (out / "book.pdf").write_bytes((site / "results.json").read_bytes()[:9])


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(archive, "_build", _built)
    monkeypatch.setattr(archive.pdf, "write", _printed)
    monkeypatch.setattr(archive.press, "chromium", lambda: "chromium")


def test_a_version_without_chromium_is_archived_without_paper_only_when_told(
        two, tmp_path, fast, monkeypatch):
    def missing():
        raise archive.press.PdfError("no Chromium")

    monkeypatch.setattr(archive.press, "chromium", missing)
    monkeypatch.setattr(archive, "_build", lambda *_: pytest.fail("built in vain"))
    with pytest.raises(ReleaseError, match="no Chromium; .*--without-pdf") as caught:
        archive.site_version(two.root, FIRST, tmp_path / "versions", lambda _: None)
    assert caught.value.exit_code == 2 and not (tmp_path / "versions" / FIRST).exists()
    monkeypatch.setattr(archive, "_build", _built)
    said = []
    made = archive.site_version(two.root, FIRST, tmp_path / "versions", said.append, printed=False)
    with zipfile.ZipFile(made) as held:
        assert not any(name.startswith("pdf/") for name in held.namelist())
    assert any("no PDF files" in line for line in said)


def test_the_site_of_a_tag_is_built_once_and_archived(two, tmp_path, fast, monkeypatch):
    out = tmp_path / "versions"
    for version in (FIRST, SECOND):
        made = archive.site_version(two.root, version, out, lambda _: None)
        with zipfile.ZipFile(made) as held:
            names = held.namelist()
        assert {"site/index.html", "source/requirements.txt", "pdf/book.pdf"} <= set(names)
        assert not any("__pycache__" in name for name in names)
        commit = git(two.root, "rev-parse", f"v{version}^{{commit}}").strip()
        assert json.loads((out / version / "manifest.json").read_text())["commit"] == commit
    again = archive.site_version(two.root, FIRST, out, lambda _: None)
    assert again.with_name(again.name + ".sha256").read_text().split()[0] == hashlib.sha256(
        again.read_bytes()).hexdigest()
    assert [v["version"] for v in json.loads((out / "versions.json").read_text())] == [
        SECOND, FIRST]
    assert sorted(p.name for p in out.iterdir() if p.name.startswith(".")) == []

    def other(*arguments):
        site = _built(*arguments)
        (site / "index.html").write_text("other")
        return site

    monkeypatch.setattr(archive, "_build", other)
    with pytest.raises(ReleaseError, match="never changes"):
        archive.site_version(two.root, FIRST, out, lambda _: None)
    assert "other" not in (out / FIRST / "index.html").read_text()
    with pytest.raises(ReleaseError, match="no tag v2030.01.0") as caught:
        archive.site_version(two.root, "2030.01.0", out, lambda _: None)
    assert caught.value.exit_code == 2


def _rights(folder: Path) -> dict[str, int]:
    return {p.relative_to(folder).as_posix(): p.stat().st_mode & 0o777
            for p in (folder, *folder.rglob("*")) if p.exists()}


def _expected(path: str, folder: bool) -> int:
    return 0o755 if folder or path.endswith("book/something") else 0o644


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_web_server_can_read_what_is_published(two, tmp_path, fast, umask):
    (two.root / "book" / "something").chmod(0o755)  # what can be run stays so
    third = "2026.12.1"
    two.commit()
    two.release(third)
    two.commit(third)
    before = os.umask(umask)
    try:
        out = tmp_path / "made" / "versions"
        made = archive.site_version(two.root, third, out, lambda _: None)
        content = made.read_bytes()
        unpacked = tmp_path / "unpacked"
        if shutil.which("unzip"):
            subprocess.run(["unzip", "-q", str(made), "-d", str(unpacked)], check=True)
    finally:
        os.umask(before)
    for path, rights in (_rights(out.parent) | _rights(unpacked)).items():
        folder = (out.parent / path).is_dir() or (unpacked / path).is_dir()
        assert path == "." or rights == _expected(path, folder), (path, oct(rights))
    with zipfile.ZipFile(made) as held:
        rights = {e.filename: e.external_attr >> 16 for e in held.infolist()}
    assert {"site/", "site/data/", "source/livingreview/", "source/book/something", "index.html",
            "site/data/studies.csv"} <= rights.keys()
    for path, mode in rights.items():
        assert mode & 0o777 == _expected(path, path.endswith("/")), path
        assert stat.S_ISDIR(mode) == path.endswith("/") and stat.S_ISREG(mode) != stat.S_ISDIR(mode)
    assert archive.site_version(two.root, third, out, lambda _: None).read_bytes() == content


@pytest.mark.parametrize("epoch", ["abc", "", "-1", "1.5", "9" * 20])
def test_a_time_that_is_none_is_refused(monkeypatch, epoch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    done = CliRunner().invoke(main, ["release", FIRST])
    assert done.exit_code == 2 and done.output.startswith(f"SOURCE_DATE_EPOCH={epoch}: expected")


def test_citations_name_the_version_in_every_format():
    item = about.Work("A <title>", "The contributors", FIRST, "2026-11-29",
                         "https://example.org/r")
    assert f"version = {{{FIRST}}}" in about.bibtex(item)
    assert "author = {{The contributors}}" in about.bibtex(item)
    assert about.ris(item).startswith("TY  - DATA") and about.ris(item).endswith("ER  - ")
    record = json.loads(about.csl(item))[0]
    assert record["issued"] == {"date-parts": [[2026, 11, 29]]} and record["version"] == FIRST
    page = soup(citation(item))
    assert plain(page.p) == (f"The contributors. A <title>. Version {FIRST}. 2026-11-29. "
                             "https://example.org/r.")
    assert [(d.summary.text, d.pre.text) for d in page.select("details")] == [
        ("BibTeX", about.bibtex(item)), ("RIS", about.ris(item)), ("CSL-JSON", about.csl(item))]


def test_how_to_cite_names_the_last_version_or_says_that_there_is_none(project):
    folder = project.root / "data"
    project.world.add("changelog", date="2026-11-20", file="x", reason="made up", source_id="own")
    project.world.write()
    project.commit()
    before = Versions(folder).to_cite()._repr_html_()
    assert "No version has been released yet" in before and "Not released. Data of" in before
    for form in ("BibTeX", "RIS", "CSL-JSON"):
        assert f"<summary>{form}" in before
    project.release(FIRST)
    after = Versions(folder).to_cite()._repr_html_()
    assert "has been released yet" not in after
    assert after.index("Not released. Data of") < after.index(f"Version {FIRST}. 2026-11-30")


def test_a_citation_without_a_date_has_no_empty_places(project):
    cited = Versions(project.root / "data").to_cite()._repr_html_()
    assert "Not released." in cited and "Data of" not in cited
    assert "{}" not in cited and '""' not in cited and "None" not in cited


def test_the_foot_of_a_page_says_what_it_is(monkeypatch, two):
    identity = heads.Identity(FIRST, "2026-11-22", "abc" * 10)
    alone = heads.footer(identity, lambda page, kind=0: "../x.html" if not kind else "../")
    assert FIRST in alone and "abcabc" in alone and "latest" not in alone.replace("data-", "")
    monkeypatch.setenv(heads.SIBLINGS, "1")
    beside = heads.footer(identity, lambda page, kind=0: "../x.html" if not kind else "../")
    assert 'href="../../index.html"' in beside and "latest/" not in beside
    newest = heads.footer(heads.Identity("", "", ""),
                          lambda page, kind=0: "../x.html" if not kind else "../")
    assert newest.index(f'href="../../{SECOND}/index.html"') < newest.index(f"../../{FIRST}/")


def test_what_search_engines_read_cannot_end_its_element():
    text = render(heads.Head(heads.linked_data(
        {"title": "</script>"}, heads.Identity("", "", ""), "", "p", "t", True), ""))
    assert text.count("</script>") == 1
    record = json.loads(text.partition('<script type="application/ld+json">')[2].removesuffix(
        "</script>"))
    assert record["@type"] == "Dataset" and "url" not in record
    assert record["name"] == "</script>"


def test_a_head_without_an_address_names_no_feed():
    assert soup(heads.Head(None, "")).find("link") is None
    assert soup(heads.Head(None, "https://example.org/feed.xml")).link["href"] == (
        "https://example.org/feed.xml")


@pytest.mark.parametrize(("body", "said"), [
    ("<h1>Pain</h1><p class='lr-crumbs'>All of the chapters of this review of cells</p>"
     "<p>Cells &amp; placebo were <b>compared</b> in four trials.</p>",
     "Cells & placebo were compared in four trials."),
    (f"<p>Short.</p><p>{'word ' * 60}</p>", f"{('word ' * 32).strip()} …"),
    ("<pre>no paragraph</pre>", "")])
def test_a_page_is_described_by_its_first_sentence(body, said):
    assert heads.described(body) == said


def test_a_page_keeps_what_else_stands_at_its_head_and_foot():
    app = SimpleNamespace(config=SimpleNamespace(
        livingreview_site_url="https://example.org/r", root_doc="book/index", language="en"))
    context = {"pathto": lambda page, kind=0: "../", "theme_extra_footer": "<p>a</p>",
               "metatags": '<meta name="b">', "title": "T"}
    heads.decorate(app, heads.Identity("", "2026-11-22", ""), {}, "notebooks/x", context)
    assert context["theme_extra_footer"].startswith('<p>a</p><details class="lr-versions"')
    head = BeautifulSoup(context["metatags"], "lxml")
    assert head.select_one("meta[name=b]") and head.link["href"].endswith("/r/feed.xml")
    assert json.loads(head.script.string)["headline"] == "T"
