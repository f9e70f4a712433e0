"""Published versions, as cells return them."""

from __future__ import annotations

from functools import cached_property

from ..data import versions
from ..data.dataset import Dataset, load
from ..review import review, rounded
from ..review.changes import between, changes
from ..view.changes import Changes, changed
from ..view.versions import files, of_pages, of_version, published, release, to_cite
from .shown import Shown, shows


class _OfData:
    """What needs the data only for labels, and reads them only then.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def data(self) -> Dataset:
        """The data folder."""
        return load(self._folder or None)


class Released(_OfData):
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
        super().__init__(data)
        self.version, self.document = version, versions.results(version)

    def facts(self) -> Shown:
        """When it was published and from what."""
        return Shown(release(self.version, len(self.document["analyses"])))

    def changes(self) -> Shown:
        """What changed since the version before."""
        before, name = versions.preceding(self.version), f"changed-{self.version}"
        if not before:
            return Shown(Changes(name, "", True))
        return Shown(changed(self.data, between(self.data, before, self.version), name, before))

    citation = shows(of_version, "data", "version")
    files = shows(files, "version")


class Versions(_OfData):
    """All versions, and what these pages are: one of them, or a later state of the data.

    Parameters
    ----------
    data : path, optional
        Another data folder.
    """

    published = shows(published, "data.version")
    citation = shows(of_pages, "data")
    to_cite = shows(to_cite, "data")

    def since(self) -> Shown:
        """What changed since the preceding version."""
        here = versions.here()
        before = versions.preceding(here)
        if not before:
            return Shown(Changes("changed-since", "", bool(here)))
        found = changes(versions.results(before, self.data.names),
                        rounded(review(self.data).document))
        return Shown(changed(self.data, found, "changed-since", before))
