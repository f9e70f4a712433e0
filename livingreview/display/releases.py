"""Published versions: the list of them, and a page for each."""

from __future__ import annotations

from functools import cached_property

from ..data import tables, versions
from ..data.dataset import load
from ..effects import Evidence
from ..review import review, rounded
from ..review.causes import SHARED
from ..review.changes import changes
from ..review.known import known
from ..review.searches import searches
from . import citation
from .changes import changed
from .html import Column, Html, details, join, link, paragraph, table, text

NONE_YET = "No version has been published yet, so there is none to compare with."
FIRST = "This is the first version: there is none to compare with."


class Released:
    """One published version.

    Parameters
    ----------
    version : str
    data : path, optional
        Another data folder.

    Raises
    ------
    versions.VersionError
        When there is none of that name.
    """

    def __init__(self, version: str, data=None):
        self.version = version
        self.document = versions.results(version)
        self.manifest = versions.manifest(version)
        self._folder = data

    @cached_property
    def data(self):
        """The data folder, for labels."""
        return load(self._folder or None)

    @property
    def previous(self) -> str:
        """The version before; empty for the first."""
        return versions.preceding(self.version)

    def facts(self) -> Html:
        """When it was published and from what."""
        made = self.manifest
        return paragraph(f"Published {made['date']} from data of {made['data_version']} with "
                         f"package {made['package_version']}: "
                         f"{len(self.document['analyses'])} analyses.", "lr-version")

    def changes(self) -> Html:
        """What changed since the version before."""
        if not self.previous:
            return paragraph(FIRST)
        found = between(self.data, self.previous, self.version)
        return join([paragraph(f"Compared with version {self.previous}: "
                               f"{len(found['analyses'])} analyses changed, "
                               f"{found['unchanged']} did not."),
                     changed(self.data, found, f"changed-{self.version}")])

    def citation(self) -> Html:
        """The version in every format."""
        return citation.citations(citation.work(self.data, self.version, self.manifest["date"]))

    def files(self) -> Html:
        """Its results, and the digest of every file that they were made from."""
        rows = [{"file": name, "digest": value}
                for name, value in self.manifest["sha256"].items()]
        return join([
            Html(f"<p>{link(f'{self.version}.json', 'Results')} · "
                 f"{link(f'{self.version}{versions.MANIFEST}', 'manifest')}</p>"),
            details("Digests of its files", table(
                f"digests-{self.version}", "SHA-256 of every data and result file",
                [Column("file", "File"), Column("digest", "SHA-256")], rows))])


class Versions:
    """All versions, and what these pages are: one of them, or a later state of the data.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def data(self):
        """The data folder."""
        return load(self._folder or None)

    def table(self) -> Html:
        """Every published version, newest first."""
        rows = []
        for name in reversed(versions.published()):
            made = versions.manifest(name)
            rows.append({"version": link(f"../releases/{name}.html", name), "date": made["date"],
                         "data": made["data_version"], "package": made["package_version"],
                         "results": link(f"../releases/{name}.json", "results")})
        return table("table-versions", "Published versions",
                     [Column("version", "Version"), Column("date", "Published"),
                      Column("data", "Data of"), Column("package", "Package"),
                      Column("results", "Results")], rows, "No version has been published yet.",
                     interactive=False)

    def state(self) -> Html:
        """What these pages are: a published version, or a state of the data that is none."""
        here = versions.here()
        if here:
            return Html(f"<p>These pages are {self._named(here)}, published "
                        f"{versions.manifest(here)['date']}.</p>")
        said = versions.said(self.data.version)
        dated = f" of {said}" if said else ""
        return paragraph("These pages are no published version: they are built from the data"
                         f"{dated}.")

    @staticmethod
    def _named(version: str) -> str:
        return link(f"../releases/{version}.html", f"version {version}")

    def since(self) -> Html:
        """What changed since the preceding version."""
        before = versions.preceding(versions.here())
        if not before:
            return paragraph(nothing_before())
        now = rounded(review(self.data).document)
        return join([paragraph(f"Compared with version {before}."),
                     changed(self.data, changes(versions.results(before), now), "changed-since")])

    def citation(self) -> Html:
        """What these pages are, in every format."""
        here = versions.here()
        if here:
            return Released(here, self._folder).citation()
        return citation.citations(citation.work(self.data))

    def to_cite(self) -> Html:
        """What to cite: the version that these pages are, else the last one and their state."""
        known, here = versions.published(), versions.here()
        if here:
            return join([Html(f"<p>These pages are {self._named(here)}. It never changes: cite it "
                              "by its name.</p>"), self.citation()])
        if not known:
            return join([
                paragraph("No version has been released yet. Until then, cite the date of the "
                          "data, and keep a copy of the results: they hold the digest of every "
                          "data file."),
                Html(f"<p>{link('../results.json', 'Results (JSON)')}</p>"), self.citation()])
        return join([
            Html("<p>Cite the version that you used; it stands at the foot of each page and never "
                 f"changes. The last one is {self._named(known[-1])}.</p>"),
            Released(known[-1], self._folder).citation(),
            details("The state of these pages, which is not released", self.citation())])

    def living(self) -> Html:
        """How the review is kept alive: the schedule of each step, versions, retirement."""
        facts = citation.about(self.data)
        here = versions.here()
        before = versions.preceding(here)
        preceding = f"Version {before}" if before else (
            "None: this is the first version" if here else
            "None: no version has been published yet")
        found = searches(self.data)
        searched = (f"{len(found)}, the last on {max(s.date for s in found)}" if found
                    else "None so far")
        items = "".join(f"<dt>{name}</dt><dd>{text(facts.get(key, 'Not stated'))}</dd>"
                        for key, name in tables.LIVING_MODE.items())
        return Html(f"<dl><dt>Searches made</dt><dd>{text(searched)}</dd>{items}"
                    f"<dt>Preceding version</dt><dd>{preceding}</dd></dl>")


def nothing_before() -> str:
    """Why these pages are compared with no version."""
    return FIRST if versions.here() else NONE_YET


def between(data, old: str, new: str) -> dict:
    """What changed from one version to another, in the order in which analyses are declared.

    Parameters
    ----------
    data : Dataset
    old, new : str
        Names of published versions, whose files are in the order of identifiers.
    """
    found = changes(versions.results(old), versions.results(new))
    place = {row["analysis_id"]: i for i, row in enumerate(data.records("analyses"))}
    return {**found, "analyses": sorted(found["analyses"],
                                        key=lambda c: place.get(c["id"], len(place)))}


def since_last(ev: Evidence, results: dict) -> Html:
    """What changed in an indication's analyses since the version before these pages.

    Parameters
    ----------
    ev : Evidence
    results : dict
        Its results as they are, by analysis.
    """
    before = versions.preceding(versions.here())
    if not before:
        return paragraph(nothing_before())
    old, indication = versions.results(before), ev.indication
    old = {**old, "analyses": {k: v for k, v in old["analyses"].items()
                               if v["indication"] == indication}}
    # of files only those that every indication reads, so that no page hangs on another's
    now = {**old, "analyses": rounded(results), "known": {indication: known(ev)},
           "digests": {path: ev.data.fingerprint(path) for path in SHARED}}
    return join([paragraph(f"Compared with version {before}:"),
                 changed(ev.data, changes(old, now), f"{indication}-since")])
