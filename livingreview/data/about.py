"""What the review says of itself, and how a version of it is cited: BibTeX, RIS and CSL-JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

from . import versions
from .dataset import Dataset

UNRELEASED = "unreleased"  # how the name of a state starts that is no version


@dataclass(frozen=True)
class Work:
    """What a citation names.

    Attributes
    ----------
    title, author : str
    version : str
        Name of the version; where there is none, "unreleased" and the date of the data.
    date : str
        ISO 8601; empty where the data have no date.
    url, doi : str
        Empty where there is none yet.
    """

    title: str
    author: str
    version: str
    date: str
    url: str = ""
    doi: str = ""

    @property
    def key(self) -> str:
        """Identifier of the entry."""
        return f"livingreview-{self.version}".replace("_", "-").replace(versions.MARK, "-")

    @property
    def released(self) -> bool:
        """Whether it is a version and no state between two."""
        return not self.version.startswith(UNRELEASED)

    @property
    def year(self) -> str:
        """Year of the date."""
        return self.date[:4]


def about(data: Dataset) -> dict[str, str]:
    """What the review says of itself, by key."""
    return {row["key"]: row["value"] for row in data.records("about")}


def work(data: Dataset, version: str = "", date: str = "", url: str = "") -> Work:
    """The review in one version.

    Parameters
    ----------
    data : Dataset
    version, date : str, optional
        Of a published version; the state of the data where they are left out.
    url : str, optional
        Its address, where it has one.
    """
    facts = about(data)
    return Work(facts.get("title", "A living systematic review"),
                facts.get("authors", "The contributors of the review"),
                version or f"{UNRELEASED}-{data.version or 'undated'}", date or data.date, url)


def bibtex(item: Work) -> str:
    """The citation for BibTeX; the author is an entity and stays one name."""
    fields = {"title": f"{{{item.title}}}", "author": f"{{{item.author}}}", "year": item.year,
              "version": item.version, "date": item.date, "url": item.url, "doi": item.doi}
    lines = ",\n".join(f"  {k} = {{{v}}}" for k, v in fields.items() if v)
    return f"@misc{{{item.key},\n{lines}\n}}"


def ris(item: Work) -> str:
    """The citation in the RIS format."""
    fields = [("TY", "DATA"), ("TI", item.title), ("AU", f"{item.author},"), ("PY", item.year),
              ("DA", item.date.replace("-", "/")), ("ET", item.version), ("UR", item.url),
              ("DO", item.doi), ("ER", "")]
    return "\n".join(f"{tag}  - {value}" for tag, value in fields if value or tag == "ER")


def csl(item: Work) -> str:
    """The citation as CSL-JSON."""
    record = {"id": item.key, "type": "dataset", "title": item.title,
              "author": [{"literal": item.author}], "version": item.version,
              "issued": {"date-parts": [[int(p) for p in item.date.split("-")]]}
              if item.date else None,
              "URL": item.url, "DOI": item.doi}
    return json.dumps([{k: v for k, v in record.items() if v}], ensure_ascii=False, indent=1)
