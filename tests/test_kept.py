"""A build writes again only the pages without a notebook that have changed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from livingreview.site.generated import Generated
from livingreview.site.heads import Identity
from livingreview.site.kept import Kept
from livingreview.view.base import View

AROUND, OLD, NEW = "frame", ("version of Monday", ""), ("version of Tuesday", "")


@dataclass(frozen=True)
class Said(View):
    template = "said"

    value: float


def _pages(**values):
    return [Generated(name, name, Said(value)) for name, value in values.items()]


@pytest.fixture
def build(tmp_path):
    """Build a site of made-up pages; the names of those that were written."""
    def once(stamps=OLD, around=AROUND, whole=True, **values):
        kept, names = Kept(tmp_path / "kept.json", tmp_path, stamps, whole), []
        for page in kept.changed(_pages(**values), around):
            kept.note(page.name)
            names.append(page.name)
            (tmp_path / f"{page.name}.html").write_text(f"{page.view.value} {stamps[0]}")
        kept.finish()
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


def test_pages_that_stay_say_of_the_site_what_the_new_ones_say(build):
    build(a=1, b=2)
    assert build(stamps=NEW, a=1, b=3) == ["b"]
    assert (build.folder / "a.html").read_text() == f"1 {NEW[0]}"
    assert (build.folder / "b.html").read_text() == f"3 {NEW[0]}"


def test_what_pages_say_of_the_site_is_found_in_them():
    one, other = (Identity("", day, commit) for day, commit in (
        ("2026-11-22", "a" * 40), ("2026-11-23", "b" * 40)))
    assert one.form == other.form
    assert all(old != new for old, new in zip(one.stamps, other.stamps, strict=True))
    assert Identity("", "2026-11-22", "").form != one.form
