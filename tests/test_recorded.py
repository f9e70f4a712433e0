"""The date of the data moves when data change, and an entry of the changelog is asked for."""

from __future__ import annotations

import json
import subprocess

import pytest
from click.testing import CliRunner
from conftest import DATA, INDICATION, append, edit
from jsonschema import Draft202012Validator
from rendered import plain, soup

from livingreview.__main__ import main
from livingreview.data import about, parcel, versions
from livingreview.data.dataset import examine, load
from livingreview.render.book import Pages
from livingreview.render.versions import Versions
from livingreview.review import review
from livingreview.site import api, feed, heads, release
from livingreview.site import versioned as site
from livingreview.view.versions import citation

OUTCOMES, CHANGELOG = f"{INDICATION}/outcomes.csv", "changelog.csv"
ENTRY = {"date": "2026-01-02", "file": OUTCOMES, "reason": "a reason"}


@pytest.fixture
def described(made_up):
    """A small folder with two entries in its changelog, described as it is."""
    for day in ("2025-12-31", "2026-01-01"):
        append(made_up, CHANGELOG, {**ENTRY, "date": day})
    assert _describe(made_up).exit_code == 0
    return made_up


def _describe(folder):
    return CliRunner().invoke(main, ["describe", "--data", str(folder)])


def _edit(folder, mean="36"):
    edit(folder, OUTCOMES, {"study_id": "doe-2020", "arm_id": "msc", "timepoint_months": "6"},
         "mean", mean)


def _asked(folder) -> list[tuple[str, str]]:
    return [(p.file, p.rule) for p in examine(folder).warnings
            if p.rule in ("no-entry", "not-described")]


def test_an_edit_without_an_entry_gives_another_version_and_asks_for_the_entry(described):
    assert load(described).version == "2026-01-01" and _asked(described) == []
    _edit(described)
    first = load(described).version
    _edit(described, "37")
    second = load(described).version
    assert first != second
    for version in (first, second):
        date, _, state = version.partition("+")
        assert date == "2026-01-01" and len(state) == 8 and int(state, 16) >= 0
    assert _asked(described) == [(OUTCOMES, "no-entry")]
    _edit(described, "36")
    assert load(described).version == first  # nothing but the files decides


@pytest.mark.parametrize("content", [b"\r\n", b"\n"])
def test_also_ends_of_lines_are_a_change(described, content):
    path = described / OUTCOMES
    text = path.read_bytes()
    path.write_bytes(text.replace(b"\n", content) if content != b"\n" else text[:-1])
    assert "+" in load(described).version and _asked(described) == [(OUTCOMES, "no-entry")]


def test_a_new_table_is_a_change_and_a_lost_one_too(described):
    append_to = described / "living.csv"
    append_to.write_text("source,indication,schedule_days,run_by\n")
    assert _asked(described) == [("living.csv", "no-entry")]
    append(described, CHANGELOG, {**ENTRY, "file": "living.csv"})
    assert _describe(described).exit_code == 0 and "+" not in load(described).version
    append_to.unlink()
    assert _asked(described) == [("living.csv", "no-entry")]
    assert _describe(described).exit_code == 1


def test_describe_wants_an_entry_that_names_each_changed_file(described):
    _edit(described)
    edit(described, "certainty_rules.csv", {"rule_id": "bias-not-low"}, "rule", "In other words.")
    before = (described / "datapackage.json").read_bytes()
    done = _describe(described)
    assert done.exit_code == 1 and "Traceback" not in done.output
    lines = done.output.splitlines()
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        str(described / "certainty_rules.csv"), str(described / OUTCOMES)]
    append(described, CHANGELOG, ENTRY)
    assert _asked(described) == [("certainty_rules.csv", "no-entry"), (CHANGELOG, "not-described"),
                                 (OUTCOMES, "not-described")]
    done = _describe(described)
    assert done.exit_code == 1 and len(done.output.splitlines()) == 2
    assert "certainty_rules.csv" in done.output and OUTCOMES not in done.output
    assert (described / "datapackage.json").read_bytes() == before
    append(described, CHANGELOG, {**ENTRY, "file": "*.csv"})
    assert _describe(described).exit_code == 0
    assert load(described).version == "2026-01-02" and _asked(described) == []


def test_an_entry_of_an_earlier_change_does_not_name_a_later_one(described):
    _edit(described)  # both entries that were there before name this file
    assert _describe(described).exit_code == 1


def test_where_earlier_lines_changed_those_of_the_recorded_day_and_later_count(described):
    _edit(described)
    edit(described, CHANGELOG, {"date": "2025-12-31"}, "reason", "another reason")
    edit(described, CHANGELOG, {"date": "2026-01-01"}, "file", "vocabularies.csv")
    assert (OUTCOMES, "no-entry") in _asked(described)
    append(described, CHANGELOG, {**ENTRY, "date": "2026-01-01"})
    assert (OUTCOMES, "no-entry") not in _asked(described)


def test_a_folder_without_a_record_has_only_its_date(made_up):
    append(made_up, CHANGELOG, ENTRY)
    (made_up / "datapackage.json").write_text(json.dumps({"resources": [{"path": OUTCOMES}]}))
    assert load(made_up).version == "2026-01-02" and _asked(made_up) == []
    assert _describe(made_up).exit_code == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"resources": [{}, {"path": 3, "hash": 4}]}'])
def test_a_record_that_cannot_be_read_is_said_and_hides_nothing(described, text):
    (described / "datapackage.json").write_text(text)
    assert _asked(described) == [("datapackage.json", "not-described")]
    assert load(described).version.startswith("2026-01-01+")


def test_the_data_package_is_that_of_the_standard(described):
    package = json.loads((described / "datapackage.json").read_text())
    frictionless = pytest.importorskip("frictionless")
    checked = frictionless.Package.from_descriptor(package, basepath=str(described)).validate()
    assert checked.valid, checked.flatten(["name", "type", "note"])[:5]
    assert package["version"] == "2026-01-01"
    for resource in package["resources"]:
        said = subprocess.run(["sha256sum", described / resource["path"]], capture_output=True,
                              text=True, check=True).stdout.split()[0]
        assert resource["hash"] == f"sha256:{said}"


def test_the_projects_own_data_are_described_as_they_are():
    data = load(DATA)
    assert data.changed == () and data.version == data.date != ""


def test_another_process_sees_the_same_version(described):
    _edit(described)
    data = load(described)
    sent = parcel.Parcel.of(data, with_files=True)
    parcel._known.clear()
    assert sent.examined().version == data.version != data.date


def test_everything_that_prints_the_date_takes_a_state_without_an_entry(described, monkeypatch):
    monkeypatch.delenv("LIVINGREVIEW_VERSION", raising=False)
    _edit(described)
    data = load(described)
    state = data.version.partition("+")[2]
    words = f"2026-01-01, changed since without an entry ({state})"
    assert versions.said(data.version) == words
    assert "Data of 2026-01-01, changed since without an entry" in (
        front := Pages(described).landing()._repr_html_()) and f"({state})" in front
    assert f"data of {words}" in Pages(described).flow()._repr_html_()
    assert f"data of {words}" in Versions(described).published()._repr_html_()
    assert review(data).document["data_version"] == data.version
    item = about.work(data)
    assert (item.date, item.year) == ("2026-01-01", "2026") and "+" not in item.key
    assert f"Data of {words}." in plain(soup(citation(item))) and "2026/01/01" in about.ris(item)
    assert json.loads(about.csl(item))[0]["issued"]["date-parts"] == [[2026, 1, 1]]
    assert "<updated>2026-01-01T00:00:00Z</updated>" in feed.feed(data, "https://example.org") or (
        versions.published())
    identity = heads.Identity("", data.version, "")
    assert identity.words == f"unreleased, data of {words}"
    record = heads.linked_data({}, identity, "", "p", "t", True)
    assert record["dateModified"] == "2026-01-01" and record["version"] == identity.words
    found = api.files(data, review(data))
    assert json.loads(found["api/v1/index.json"])["data_version"] == data.version
    Draft202012Validator(json.loads(found["api/v1/schema.json"])).validate(
        json.loads(found["api/v1/versions.json"]))


def test_no_version_is_released_of_data_without_their_entry(described, monkeypatch):
    _edit(described)
    monkeypatch.setattr(release, "_refuse", lambda root, version: None)
    with pytest.raises(release.ReleaseError, match=f"(?s)changelog.csv.*{OUTCOMES}"):
        release.prepare(described, "2026.11.0", load(described), "false", print)


def test_what_renews_the_description_is_one_function(described):
    _edit(described)
    with pytest.raises(site.UndescribedError, match=OUTCOMES):
        site.described(load(described))
    append(described, CHANGELOG, ENTRY)
    files = site.described(load(described))
    assert sorted(files) == ["codebook.csv", "datapackage.json"]
    for name, content in files.items():
        (described / name).write_text(content, encoding="utf-8", newline="")
    assert load(described).version == "2026-01-02"
    assert json.loads(files["datapackage.json"])["version"] == "2026-01-02"
