"""What is published for programs is what the standards ask: crate, citation, data, feed, heads."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import frictionless
import jsonschema
import pytest
import rdflib
import requests
import rocrate
from conftest import DATA, read_table
from lxml import etree
from rendered import soup
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester
from small_project import Project

from livingreview.data.dataset import load
from livingreview.review import review
from livingreview.site import api, feed, heads
from livingreview.site import versioned as site

pytestmark = pytest.mark.xdist_group("published")  # they share a project

SCHEMAS = Path(__file__).parent / "schemas"
FIRST, SECOND = "2026.11.0", "2026.12.0"
# What the crate cannot say: the contributors have no address, no identifier and no contact.
NOT_KNOWN = {"The organization SHOULD have a URL.", "An Organization entity SHOULD have a ROR "
             "identifier as its @id (e.g., https://ror.org/03f0f6041)",
             "An Organization's contactPoint SHOULD reference a ContactPoint contextual entity",
             "At least one author or publisher Person/Organization SHOULD have a contactPoint "
             "property"}


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Project:
    """A project with two versions, the files of every kind that a version has."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("published") / "project"
        root.mkdir()
        patch.setenv("SOURCE_DATE_EPOCH", "1796000000")
        patch.setenv("LIVINGREVIEW_RELEASES", str(root / "releases"))
        made = Project(root)
        (root / "livingreview" / "review").mkdir()
        (root / "livingreview" / "review" / "__init__.py").write_text('"""What is computed."""\n')
        (root / "book" / "a page.md").write_text("# A page\n")
        shutil.copy(DATA.parent / "CITATION.cff", root)
        made.commit()
        for version in (FIRST, SECOND):
            made.release(version, again=True)
            made.commit(version)
        yield made


@pytest.fixture()
def entities(released) -> dict[str, dict]:
    """The entities of the crate by identifier."""
    text = (released.root / "ro-crate-metadata.json").read_text(encoding="utf-8")
    return {entity["@id"]: entity for entity in json.loads(text)["@graph"]}


def _issues(root: Path, cache: Path, monkeypatch) -> set[str]:
    """What the validator of crates has to say; the context comes from the package of crates."""
    context = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()

    def get(_, url, **__):
        assert url == json.loads(context)["@id"]
        answer = requests.Response()
        answer.status_code, answer._content = 200, context
        answer.headers["Content-Type"] = "application/ld+json"
        return answer

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)
    logging.getLogger("rocrate_validator").setLevel(logging.CRITICAL)
    return {issue.message for issue in services.validate(services.ValidationSettings(
        rocrate_uri=str(root), requirement_severity=models.Severity.RECOMMENDED, offline=True,
        cache_path=cache)).get_issues()}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # within rdflib
def test_the_crate_is_what_its_validator_recommends(released, tmp_path, monkeypatch):
    assert _issues(released.root, tmp_path / "cache", monkeypatch) == NOT_KNOWN


def test_the_crate_measures_the_files_that_are_there(released, entities):
    files = [e for e in entities.values() if e["@type"] == "File"]
    assert {"CITATION.cff", f"releases/{SECOND}.json", "data/analyses.csv", "book/a%20page.md",
            "livingreview/review/__init__.py"} <= {e["@id"] for e in files}
    for entity in files:
        content = (released.root / entity["@id"].replace("%20", " ")).read_bytes()
        assert entity["contentSize"] == str(len(content))
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
    assert entities["livingreview/review/"]["description"] == "What is computed."
    assert entities["book/a%20page.md"]["description"] == "A page"


def test_every_file_of_the_crate_is_in_one_folder_of_it(entities):
    parts = {name: [p["@id"] for p in (found if isinstance(found, list) else [found])]
             for name, entity in entities.items() if (found := entity.get("hasPart"))}
    inside = {i for i, e in entities.items() if e["@type"] in ("File", "Dataset")} - {"./"}
    assert sorted(sum(parts.values(), [])) == sorted(inside)
    assert {name for name in inside if name.endswith("/")} == parts.keys() - {"./"}
    for name in parts.keys() - {"./"}:
        assert all(part.startswith(name) for part in parts[name])


def _citation(path: Path) -> subprocess.CompletedProcess:
    """What the schema of the Citation File Format says of a file."""
    return subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema",
                           "vendor.citation-file-format", str(path)],
                          capture_output=True, text=True, check=False)


def test_citation_files_follow_the_schema_of_their_format(released, tmp_path):
    for path in (DATA.parent / "CITATION.cff", released.root / "CITATION.cff"):
        done = _citation(path)
        assert done.returncode == 0, done.stdout
    wrong = tmp_path / "CITATION.cff"
    wrong.write_text("cff-version: 1.2.0\ntitle: x\n")
    assert "'authors' is a required property" in _citation(wrong).stdout


def test_the_published_data_are_a_data_package(released, tmp_path, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(released.root / "releases"))
    data = load(released.root / "data")
    site.write_public(data, review(data), tmp_path)
    report = frictionless.Package(str(tmp_path / "data" / "datapackage.json")).validate()
    assert report.valid and report.stats["tasks"] == len(data.frames), report.to_summary()
    (tmp_path / "data" / "analyses.csv").write_text("nonsense\n")
    assert not frictionless.Package(str(tmp_path / "data" / "datapackage.json")).validate().valid


def test_the_interface_follows_the_schemas_that_it_publishes(released, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(released.root / "releases"))
    data = load(released.root / "data")
    files = {path: content for path, content in api.files(data, review(data)).items()
             if path.endswith(".json")}
    schemas = {path for path in files if "/schema/" in path}
    checked = {path for path in files if path not in schemas and path != f"{api.BASE}/schema.json"}
    assert checked == {path.replace("/schema/", "/") for path in schemas} and len(checked) > 3
    for path in checked:
        schema = json.loads(files[path.replace(f"{api.BASE}/", f"{api.BASE}/schema/")])
        jsonschema.Draft202012Validator.check_schema(schema)
        found = json.loads(files[path])
        jsonschema.validate(found, schema)
        first = found if isinstance(found, dict) else found[0]
        first.pop(next(iter(first)))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(found, schema)
    for listed in json.loads(files[f"{api.BASE}/index.json"])["files"].values():
        assert {f"{api.BASE}/{listed[k].partition('#')[0]}" for k in ("json", "schema",
                                                                     "schema_alone")} <= set(files)


def test_the_feed_is_atom(released, monkeypatch):
    monkeypatch.setenv("LIVINGREVIEW_RELEASES", str(released.root / "releases"))
    grammar = etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))
    text = feed.feed(load(released.root / "data"), "https://example.org/r").encode()
    found = etree.fromstring(text)
    assert grammar.validate(found), grammar.error_log
    ids = [e.text for e in found.iter("{http://www.w3.org/2005/Atom}id")]
    assert len(ids) == len(set(ids)) == 3
    for wrong in (text.replace(b"T00:00:00Z", b""), text.replace(b"https://", b""),
                  text.replace(b'rel="self"', b'rel="alternate"'),
                  text.replace(b"<author>", b"<editor>").replace(b"</author>", b"</editor>")):
        assert not grammar.validate(etree.fromstring(wrong))


def _written(record: dict) -> dict:
    """A record as it is read in the head of a page."""
    return json.loads(soup(heads.Head(record, "")).script.string)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # within rdflib
@pytest.mark.parametrize("landing", [True, False], ids=["landing", "chapter"])
@pytest.mark.parametrize("address", ["https://example.org/r", ""], ids=["published", "nowhere"])
@pytest.mark.parametrize("version", [(FIRST, "2026-11-28"), ("", "")], ids=["released", "newest"])
def test_heads_of_pages_follow_schema_org(landing, address, version):
    facts = {row["key"]: row["value"] for row in read_table(DATA / "about.csv")}
    identity = heads.Identity(version[0], "2026-11-21", "", version[1])
    record = _written(heads.linked_data(facts, identity, address, "page", "A page", landing))
    schema = json.loads((SCHEMAS / "linked-data.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, schema)
    assert ("distribution" in record) == bool(address and landing)
    for name in ("author", "license", "description" if landing else "headline"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in record.items() if k != name}, schema)
    # every word is one of the vocabulary
    graph = rdflib.Graph().parse(data=json.dumps(
        {**record, "@context": {"@vocab": str(rdflib.SDO)}}), format="json-ld")
    words = {*graph.predicates(), *graph.objects(None, rdflib.RDF.type)} - {rdflib.RDF.type}
    assert len(words) > 8 and all(word in rdflib.SDO for word in words)
