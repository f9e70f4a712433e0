"""The gated build and the commands: bad data change nothing that was built before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from pybtex.database import parse_string
from pybtex.richtext import Text

from livingreview.__main__ import main
from livingreview.data.dataset import load
from livingreview.data.problems import DataError, Problem
from livingreview.site import bibliography, build, extension, last, places
from livingreview.view.sources import citable

ROOT = Path(__file__).resolve().parents[1]
OUTCOMES = "knee-osteoarthritis/outcomes.csv"


def _run(*arguments, cwd=ROOT, env=None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "livingreview", *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, check=False,
                          env={**os.environ, **(env or {})})


def _call(*arguments) -> Result:
    """The same within this process."""
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def broken(tmp_path) -> Path:
    """A data folder with a letter for a number, a negative SD and an unknown arm."""
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    path = data / OUTCOMES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[127] = lines[127].replace(",-2.22,", ",abc,")
    lines[128] = lines[128].replace(",2.37,", ",-2.37,")
    lines[129] = lines[129].replace("kim-2023,msc,", "kim-2023,mscc,")
    path.write_text("".join(lines), encoding="utf-8")
    return data


PLACES = (f"{OUTCOMES}:128:mean: abc", f"{OUTCOMES}:129:sd: -2.37", f"{OUTCOMES}:130:arm_id: mscc")


@pytest.mark.parametrize("command", ["build", "results"])
def test_three_broken_cells_stop_it_with_three_places(broken, tmp_path, command):
    out = tmp_path / "out"
    if command == "build":
        out.mkdir()
        (out / "index.html").write_text("the site built before")
        (out / build.MARK).write_text("")
    else:
        out.write_text("the results before")
    before = (out / "index.html").read_text() if out.is_dir() else out.read_text()
    done = _run(command, "--data", broken, "--out", out)
    assert done.returncode == 1
    for place in PLACES:
        assert place in done.stderr
    assert "3 errors" in done.stderr and "Traceback" not in done.stderr + done.stdout
    assert ((out / "index.html").read_text() if out.is_dir() else out.read_text()) == before


def test_a_plain_build_of_the_book_stops_before_it_writes(broken, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build",
         str(ROOT), "--path-output", str(tmp_path / "site")], cwd=ROOT, capture_output=True,
        text=True, check=False, env={**os.environ, "LIVINGREVIEW_DATA": str(broken)})
    assert done.returncode != 0
    for place in PLACES:
        assert place in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not list((tmp_path / "site").rglob("*.html"))


def test_errors_that_are_not_listed_are_counted(monkeypatch):
    problem = Problem("a.csv", 2, "mean", "x", "not a number", "a number", more=50)

    def fail():
        raise DataError([problem])

    monkeypatch.setattr(extension, "load", fail)
    with pytest.raises(SystemExit, match="\n51 errors in the data: nothing was built"):
        extension._validated()


def test_results_are_the_same_to_the_last_byte(tmp_path):
    for name in ("one.json", "two.json"):
        # those of the project's own data are compared in test_review
        assert _run("results", "--data", ROOT / "tests" / "another_field" / "data",
                    "--out", tmp_path / name).returncode == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert str(ROOT) not in (tmp_path / "one.json").read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.json", "two.json"]


def test_wrong_calls_exit_with_two(tmp_path):
    assert _call("results", "--no-such-option").exit_code == 2
    assert _call("nonsense").exit_code == 2


def test_a_folder_that_is_not_there_is_named(tmp_path):
    done = _run("check", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "no such data folder" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [
    ("check", ""), ("results", "--data", ""), ("results", "--out", ""), ("describe", "--data", ""),
    ("build", "--data", ""), ("build", "--out", "")], ids=" ".join)
def test_an_empty_path_is_refused(arguments):
    done = _call(*arguments)
    assert done.exit_code == 2
    assert "the path is empty" in done.stderr


def test_results_that_cannot_be_written_are_refused_before_they_are_computed(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "results.json", "/proc/results.json", "/dev/null"):
        done = _call("results", "--out", out)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"cannot write {out}") and done.stderr.count("\n") == 1


def test_a_file_that_is_replaced_keeps_its_rights_and_a_failure_leaves_no_folder(tmp_path):
    out = tmp_path / "results.json"
    out.write_text("old")
    out.chmod(0o640)
    with places.replacing(out) as file:
        file.write("new")
    assert out.read_text() == "new" and out.stat().st_mode & 0o777 == 0o640
    with pytest.raises(ZeroDivisionError), places.replacing(tmp_path / "a" / "b" / "c.json"):
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_describe_writes_both_files_or_none(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    before = (data / "datapackage.json").read_bytes()
    assert _call("describe", "--data", data).exit_code == 0
    assert (data / "datapackage.json").read_bytes() == before

    (data / "codebook.csv").unlink()
    (data / "codebook.csv").mkdir()
    (data / "datapackage.json").write_text("as it was")
    done = _call("describe", "--data", data)
    assert done.exit_code == 2
    assert done.stderr.startswith("cannot write") and done.stderr.count("\n") == 1
    assert (data / "datapackage.json").read_text() == "as it was"


# --- where a site may be written --------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project whose book is built in no time: the command writes what a build writes."""
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    _stub(monkeypatch, 'html.mkdir(parents=True); (html / "index.html").write_text("new")')
    return root


def _stub(monkeypatch, action: str) -> None:
    """Build the book by a line of Python instead of by jupyter-book."""
    monkeypatch.setattr(build, "_command", lambda root, work: [
        sys.executable, "-c", "import sys; from pathlib import Path; "
        f"html = Path({str(work)!r}) / '_build' / 'html'; {action}"])


def _site(folder: Path, marked: bool = True) -> Path:
    """A site that was built before."""
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("old")
    if marked:
        (folder / build.MARK).write_text("")
    return folder


def _build(root: Path, out: Path) -> Path:
    return build.build(root, out, root / "data", lambda line: None)


def test_a_new_site_takes_the_place_of_the_old_one(project, tmp_path):
    for out in (tmp_path / "new", _site(tmp_path / "old"),
                _site(project / "_build" / "html", marked=False)):
        assert _build(project, out) == out / "index.html"
        assert (out / "index.html").read_text() == "new"
        assert (out / build.MARK).is_file()
    left = {p.name for folder in (tmp_path, project / "_build") for p in folder.iterdir()}
    assert left == {"project", "new", "old", "html", "last"}


def test_a_build_goes_on_where_nothing_but_data_have_changed(project, tmp_path, monkeypatch):
    ends = tmp_path / "ends"
    _stub(monkeypatch, f"""html.mkdir(parents=True, exist_ok=True)
(html / "index.html").touch(); (html / ".buildinfo").write_text("")
(html / "runs").open("a").write("x"); sys.exit(Path({str(ends)!r}).exists())""")
    own = project / "_build" / "html"

    def runs(out: Path = own) -> int:
        try:
            _build(project, out)
        except build.BuildError:
            return 0
        assert not (out / ".buildinfo").exists()
        return len((out / "runs").read_text())

    (project / "page.md").write_text("")
    assert [runs(), runs(), runs()] == [1, 2, 3]
    (project / "data" / "studies.csv").write_text("")
    (project / "CHANGELOG.md").write_text("")
    assert runs() == 4
    with last.held(project, own):  # another build is at work
        assert runs() == 1
    assert [runs(), runs()] == [1, 2]
    (project / "page.md").write_text("changed")
    assert [runs(), runs()] == [1, 2]
    ends.touch()
    assert runs() == 0
    ends.unlink()
    assert [runs(), runs()] == [1, 2]
    (own / ".buildinfo").touch()  # a build in place has begun since
    assert [runs(), runs()] == [1, 2]
    assert [runs(tmp_path / "site"), runs(tmp_path / "site")] == [1, 1]


def test_a_web_server_can_read_a_site_whatever_the_umask(project, tmp_path):
    before = os.umask(0o077)
    try:
        start = _build(project, tmp_path / "new" / "site")
    finally:
        os.umask(before)
    assert [oct(p.stat().st_mode & 0o777) for p in (start, start.parent, start.parent.parent)] == [
        "0o644", "0o755", "0o755"]


@pytest.mark.parametrize("action", [
    "sys.exit(1)",
    "html.mkdir(parents=True)",
    'html.mkdir(parents=True); (html / "index.html").write_text("half"); sys.exit(1)',
], ids=["failing cell", "no start page", "strict build"])
def test_a_build_that_fails_leaves_the_old_site(project, tmp_path, monkeypatch, action):
    out = _site(tmp_path / "site")
    _stub(monkeypatch, action)
    with pytest.raises(build.BuildError, match="untouched") as caught:
        _build(project, out)
    assert caught.value.exit_code == 1
    assert (out / "index.html").read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"project", "site"}


def test_what_killed_builds_left_is_cleared_up(project, tmp_path, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    out = tmp_path / "site"
    owned = build._owned(out)
    _site(tmp_path / f"{owned}{gone.pid}-abc-before")
    (tmp_path / f"{owned}{gone.pid}-abc" / "_build").mkdir(parents=True)
    (tmp_path / f"{owned}{os.getpid()}-def").mkdir()
    _stub(monkeypatch, "sys.exit(1)")
    with pytest.raises(build.BuildError):
        _build(project, out)
    assert (out / "index.html").read_text() == "old"  # killed when it stood aside
    assert {p.name for p in tmp_path.iterdir()} == {
        "project", "site", f"{owned}{os.getpid()}-def"}  # of a build that runs


def test_a_site_that_cannot_be_moved_is_put_back(project, tmp_path, monkeypatch):
    out, rename = _site(tmp_path / "site"), Path.rename

    def refuse(self, target):
        if self.name == "html":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(build.BuildError, match="cannot write .*site: Permission denied"):
        _build(project, out)
    assert (out / "index.html").read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"project", "site"}


@pytest.mark.parametrize("place", [
    "project/data", "project/data/site", "project", ".", "..", "photographs", "link", "a-file/site",
])
def test_other_folders_are_refused(project, tmp_path, place):
    (project / "data" / "studies.csv").write_text("")
    (tmp_path / "a-file").write_text("")
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "one.jpg").write_text("")
    (tmp_path / "link").symlink_to("photographs")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(build.Refused) as caught:
        _build(project, Path(place))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_refuses_the_data_folder_before_it_builds(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    done = _run("build", "--data", data, "--out", data)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert (data / "vocabularies.csv").is_file()


# --- addresses --------------------------------------------------------------------------------


def _config(**more) -> SimpleNamespace:
    return SimpleNamespace(**{
        "livingreview_site_url": "", "livingreview_repository_url": "", "html_baseurl": "",
        "language": "en",
        "myst_substitutions": {}, "html_theme_options": {"navbar_start": []}} | more)


def test_no_address_makes_no_link():
    config = _config()
    extension._addresses(None, config)
    assert config == _config(myst_substitutions={"repository_links": ""})


def test_addresses_are_linked():
    config = _config(livingreview_site_url="https://reviews.example.org/msc",
                     livingreview_repository_url="https://forge.example.org/a/msc/")
    extension._addresses(None, config)
    assert config.html_baseurl == "https://reviews.example.org/msc/"
    for text in (config.myst_substitutions["repository_links"],
                 config.html_theme_options["extra_footer"]):
        assert "Source repository" in text and "https://forge.example.org/a/msc" in text
        assert "Report an error" in text and "https://forge.example.org/a/msc/issues" in text
    assert config.html_theme_options["navbar_start"] == []


def test_a_relative_data_folder_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVINGREVIEW_DATA", "own")
    extension._absolute_data_folder()
    assert os.environ["LIVINGREVIEW_DATA"] == str(tmp_path / "own")


# --- bibliography -----------------------------------------------------------------------------


STUDY = {"study_id": "doe-2020", "title": "A trial", "first_author": "Doe", "year": 2020,
         "journal": "Knee", "doi": "10.1000/a_b", "pmid": None, "registration": ()}


def _read(tmp_path, **cells):
    """The entry of a study as a reader of the written bibliography finds it."""
    study = STUDY | cells
    records = {"studies": [study], "references": []}
    data = SimpleNamespace(indications=["knee"], records=lambda name, *_: records[name])
    path = tmp_path / "references.bib"
    bibliography.write(data, path)
    return parse_string(path.read_text(encoding="utf-8"), "bibtex").entries["doe-2020"]


def _shown(latex: str) -> str:
    return str(Text.from_latex(latex))


@pytest.mark.parametrize(("value", "shown"), [
    ("a { b", "a b"), ("a } b", "a b"), ("$x_1$", "$x_1$"), ("<b>&%", "<b>&%"),
    ("Khalifeh Soltani", "Khalifeh Soltani"), ("a \\ b", "a b"), ("50% of #1", "50% of #1"),
    ('say "no"', 'say "no"'),
])
def test_signs_of_bibtex_are_only_signs(tmp_path, value, shown):
    entry = _read(tmp_path, title=value, first_author=value, journal=value)
    first, others = entry.persons["author"]
    assert _shown(entry.fields["title"]) == _shown(entry.fields["journal"]) == shown
    assert [_shown(name) for name in first.last_names] == [shown]
    assert not first.first_names and str(others) == "others"
    assert entry.fields["doi"] == "10.1000/a_b"


@pytest.mark.parametrize(("name", "last", "first"), [
    ("Noriega DC", "Noriega", ["DC"]), ("Abo El-Kheir W", "Abo El-Kheir", ["W"]),
    ("Ye (叶庆元)", "Ye", []), ("van der Berg", "van der Berg", []),
])
def test_a_surname_is_one_name(tmp_path, name, last, first):
    person = _read(tmp_path, first_author=name).persons["author"][0]
    assert [_shown(part) for part in person.last_names] == [last]
    assert person.first_names == first and not person.prelast_names


def test_a_study_without_authors_is_cited_without_a_person(tmp_path):
    entry = _read(tmp_path, first_author=None, registration=("NCT02838069",))
    assert [_shown(str(p)) for p in entry.persons["author"]] == ["NCT02838069"]
    entry = _read(tmp_path, first_author=None, year=None)
    assert entry.type == "misc" and not entry.persons
    assert entry.fields["year"] == "n.d." and entry.fields["howpublished"] == "{Knee}"
    assert not citable(STUDY | {"title": None})
    assert not citable(STUDY | {"first_author": None, "doi": None})


def test_bibliography_comes_from_the_data():
    data = load()
    entries = bibliography.bibliography(data).entries
    assert entries["kim-2023"].fields["year"] == "2023"
    studies = [s for i in data.indications for s in data.records("studies", i)]
    assert {s["study_id"] for s in studies if citable(s)} <= set(entries)
