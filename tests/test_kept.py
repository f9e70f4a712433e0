"""A build writes again only the pages without a notebook that have changed."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from livingreview.render.engine import environment, render
from livingreview.site import generated, heads, kept
from livingreview.site.generated import Generated
from livingreview.site.heads import Identity
from livingreview.site.kept import Frame, Kept
from livingreview.view.base import View

_CITED = '<p>In: A book. {% include "unreleased.txt" %}</p>'  # as the page of a figure has it
# the new text of one may hold the old one of another
AROUND, OLD, NEW = "frame", ("version of Monday", "Monday"), (
    "version of Monday, changed", "Monday, changed")


@dataclass(frozen=True)
class Said(View):
    template = "said"

    value: float | str


def _pages(**values):
    return [Generated(name, name, Said(value)) for name, value in values.items()]


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """The made-up view is written as what it holds."""
    monkeypatch.setattr(generated, "render", lambda view, *_: view["data"]["value"])


@pytest.fixture
def build(tmp_path):
    """Build a site of made-up pages; the names of those that were written."""
    def once(stamps=OLD, around=AROUND, whole=True, **values):
        before, names = Kept(tmp_path / "kept.json", tmp_path, stamps, whole), []
        made = generated.made(_pages(**values), before.still(around), stamps[0], "en")
        for name, context, _ in generated.collected(before.noted(made)):
            before.note(name)
            names.append(name)
            (tmp_path / f"{name}.html").write_text(f"{context['body']} {stamps[0]}")
        before.finish(sorted(tmp_path.rglob("*.html")))
        return names
    once.folder = tmp_path
    return once


def test_what_is_the_same_stays_and_what_changed_is_written(build):
    assert build(a=1.5, b=2.5) == ["a", "b"]
    assert build(a=1.5, b=2.5) == []
    assert build(a=1.5, b=3.5) == ["b"]


def test_another_frame_or_a_build_that_did_not_end_writes_all(build):
    build(a=1, b=2)
    assert build(a=1, b=2, around="another") == ["a", "b"]
    assert build(a=1, b=2, around="another", whole=False) == ["a", "b"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"frame": "frame"}'])
def test_a_file_that_says_nothing_writes_all(build, content):
    build(a=1)
    (build.folder / "kept.json").write_text(content)
    assert build(a=1) == ["a"]


def test_a_page_that_is_missing_is_written_and_one_that_is_no_more_goes(build):
    build(a=1, b=2)
    (build.folder / "a.html").unlink()
    assert build(a=1) == ["a"]
    assert [p.name for p in build.folder.glob("*.html")] == ["a.html"]


def test_what_was_written_for_a_page_that_is_no_more_goes_with_it(build):
    one, other = "figures/pain", "figures/pain-2"
    (folder := build.folder / "figures").mkdir()
    build(**{one: 1, other: 2})
    for name in ("pain.csv", "pain.svg", "pain-2.csv"):
        (folder / name).touch()
    build(**{other: 2})
    assert sorted(p.name for p in folder.iterdir()) == ["pain-2.csv", "pain-2.html"]


def test_pages_that_stay_say_of_the_site_what_the_new_ones_say(build):
    build(a=1, b=2)
    assert build(stamps=NEW, a=1, b=3) == ["b"]
    assert (build.folder / "a.html").read_text() == f"1 {NEW[0]}"
    assert (build.folder / "b.html").read_text() == f"3 {NEW[0]}"


def test_what_views_hold_of_the_site_makes_no_page_another_one(tmp_path):
    for day in ("Monday", "Tuesday"):
        before = Kept(tmp_path / "kept.json", tmp_path, (), True)
        made = generated.made([Generated("a", "a", Said(f"of {day}"))], before.still(AROUND), day,
                              "en")
        written = [p.name for p in before.noted(made) if p.body is not None]
        (tmp_path / "a.html").touch()
        before.finish(sorted(tmp_path.rglob("*.html")))
        assert written == (["a"] if day == "Monday" else [])


@pytest.mark.parametrize(("changed", "read", "written"), [
    ("package/site/kept.py", True, True), ("package/render/templates/said.html", False, True),
    ("package/view/base.py", False, False), ("package/site/__pycache__/kept.pyc", False, False),
    ("package/render/__pycache__/templates/said.cache", False, False),
    ("book/book/locale/zh_CN/LC_MESSAGES/toc.po", True, True),
    ("book/book/locale/fr/LC_MESSAGES/toc.po", False, False),
    ("package/render/locale/zh_CN/LC_MESSAGES/own.po", False, True),
    ("package/render/locale/fr/LC_MESSAGES/own.po", False, False),
    ("texts of the data", False, True),
    ("book/static/own.css", False, True), ("book/static/more.css", False, True)])
def test_what_stands_around_views_is_all_that_writes_them(tmp_path, monkeypatch, changed, read,
                                                          written):
    files = ("package/site/kept.py", "package/render/templates/said.html", "package/view/base.py",
             "book/book/locale/zh_CN/LC_MESSAGES/toc.po", "book/static/own.css",
             "book/book/locale/fr/LC_MESSAGES/toc.po",
             "package/render/locale/zh_CN/LC_MESSAGES/own.po",
             "package/render/locale/fr/LC_MESSAGES/own.po",
             "texts of the data")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    monkeypatch.setattr(kept, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(kept, "texts", lambda language: SimpleNamespace(
        exact={language: (tmp_path / "texts of the data").read_text()}))
    book = tmp_path / "book"
    config = SimpleNamespace(language="zh_CN", html_static_path=["static"], filter=lambda kind: [])
    app = SimpleNamespace(srcdir=book, confdir=book, config=config,
                          env=SimpleNamespace(found_docs={"index"}))
    before = Frame.of(app, ["glossary"])
    (tmp_path / changed).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / changed).write_text("as it is")
    after = Frame.of(app, ["glossary"])
    assert ((after.read != before.read), (after.written != before.written)) == (read, written)
    assert Frame.of(app, ["another"]).written != after.written


def test_what_pages_say_of_the_site_is_found_in_them():
    one, other = (Identity("", day, commit) for day, commit in (
        ("2026-11-22", "a" * 40), ("2026-11-23", "b" * 40)))
    assert one.form == other.form
    assert all(old != new for old, new in zip(one.stamps, other.stamps, strict=True))
    assert Identity("", "2026-11-22", "").form != one.form
    odd = Identity("", "2026-11-22+1a", "c" * 40 + "-changed", folder="Söhne & 'Co'")
    for identity in (one, other, odd):
        record = heads.linked_data({}, identity, "", "notebooks/x", "T", False)
        page = heads.footer(identity, lambda page, kind=0: "../") + str(
            render(heads.Head(record, ""))) + str(environment().from_string(_CITED).render(
                v={"date": identity.data_said}))
        assert [stamp for stamp in identity.stamps if stamp not in page] == []
