"""PubMed and Europe PMC as their documentation has them, over made-up records."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from server import Reply, Request, Server, text, xml

# Titles that are written in other ways, one of them from right to left.
SCRIPTS = ("膝骨关节炎的间充质干细胞", "خلايا جذعية للركبة", "Zellen für Gelenke")
_WINDOW = re.compile(r"(\d{4}/\d\d/\d\d):(\d{4}/\d\d/\d\d)\[crdt\]")
_CREATION = re.compile(r"CREATION_DATE:\[(\S+) TO (\S+)\]")


@dataclass(frozen=True)
class Paper:
    """A made-up report; what is empty is not in the answer at all."""

    number: str
    created: str = "2026-11-01"
    title: str = "A made-up trial of cells in the knee"
    year: str = "<Year>2026</Year>"  # as it stands in PubDate
    author: str = "Doe"
    doi: str = ""
    abstract: str = "A made-up abstract."
    types: tuple[str, ...] = ("Journal Article",)
    registrations: tuple[str, ...] = ()
    volume: str = "7"
    pages: str = "11-19"
    origin: str = "MED"  # of Europe PMC
    more: str = ""  # elements that are not known


def papers(number: int, first: int = 40_000_000, **more) -> list[Paper]:
    """So many reports, each with a title and DOI of its own."""
    words = ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi "
             "rho sigma tau upsilon phi chi psi omega").split()
    return [Paper(str(first + i), title=" ".join(
        ["Cells", *(words[(i * k + k * k) % 24] for k in range(1, 8)), f"report {first + i}"]),
        doi=f"10.5555/made-up.{first + i}", author=f"Doe{i}", pages=f"{i}-{i + 9}", **more)
            for i in range(number)]


def article(paper: Paper) -> str:
    """A report as PubMed sends it."""
    def element(name: str, content: str, attributes: str = "") -> str:
        return f"<{name}{attributes}>{content}</{name}>" if content else ""

    types = "".join(element("PublicationType", escape(t), ' UI="D000000"') for t in paper.types)
    bank = "".join(element("AccessionNumber", r) for r in paper.registrations)
    return (
        "<PubmedArticle><MedlineCitation>"
        f'<PMID Version="1">{paper.number}</PMID>'
        "<Article><Journal>"
        f"<JournalIssue>{element('Volume', paper.volume)}"
        f"{element('PubDate', paper.year)}</JournalIssue>"
        "<Title>Journal of Made-up Results</Title></Journal>"
        f"<ArticleTitle>{paper.title}</ArticleTitle>"
        + element("Pagination", element("MedlinePgn", paper.pages))
        + element("ELocationID", paper.doi, ' EIdType="doi" ValidYN="Y"')
        + element("Abstract", element("AbstractText", paper.abstract, ' Label="RESULTS"'))
        + element("AuthorList", element("Author", element("LastName", paper.author)))
        + element("DataBankList", element("DataBank", element(
            "DataBankName", "ClinicalTrials.gov") + element("AccessionNumberList", bank))
            if bank else "")
        + element("PublicationTypeList", types)
        + f"{paper.more}</Article></MedlineCitation><PubmedData>"
        "<ReferenceList><Reference><ArticleIdList>"
        '<ArticleId IdType="doi">10.5555/of-another</ArticleId>'
        '<ArticleId IdType="pubmed">123</ArticleId></ArticleIdList></Reference></ReferenceList>'
        "</PubmedData></PubmedArticle>")


def article_set(found: Sequence[Paper]) -> str:
    return ('<?xml version="1.0" ?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, '
            '1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
            f"<PubmedArticleSet>{''.join(map(article, found))}</PubmedArticleSet>")


@dataclass
class PubMed:
    """Answers esearch and efetch; of a search the first 9,999 can be had."""

    papers: list[Paper]
    most: int = 9998
    errors: str = ""  # what stands in ErrorList and WarningList
    fetched: list[list[str]] = field(default_factory=list)

    def serve(self, server: Server) -> PubMed:
        server.route("/pubmed/esearch.fcgi", self.search)
        server.route("/pubmed/efetch.fcgi", self.fetch)
        return self

    def search(self, request: Request) -> Reply:
        begin, end = (d.replace("/", "-") for d in _WINDOW.search(request.params["term"]).groups())
        found = [p.number for p in self.papers if begin <= p.created <= end]
        listed = "".join(f"<Id>{n}</Id>" for n in found[:min(int(request.params["retmax"]),
                                                           self.most)])
        none = "" if found else "<OutputMessage>No items found.</OutputMessage>"
        return xml(
            f"<eSearchResult><Count>{len(found)}</Count><RetMax>{len(found)}</RetMax>"
            f"<RetStart>0</RetStart><IdList>{listed}</IdList><TranslationSet/>"
            f"<QueryTranslation>{escape(request.params['term'])} as translated</QueryTranslation>"
            f"{self.errors or f'<WarningList>{none}</WarningList>'}</eSearchResult>")

    def fetch(self, request: Request) -> Reply:
        numbers = request.params["id"].split(",")
        self.fetched.append(numbers)
        wanted = set(numbers)
        return xml(article_set([p for p in self.papers if p.number in wanted]))


def result(paper: Paper) -> dict:
    """A report as Europe PMC sends it."""
    found = {"id": paper.number, "source": paper.origin, "title": paper.title, "doi": paper.doi,
             "pmid": paper.number if paper.origin == "MED" else "",
             "authorString": f"{paper.author} J, Roe R.",
             "authorList": {"author": [{"fullName": f"{paper.author} J",
                                        "lastName": paper.author}]},
             "pubYear": re.sub(r"\D", "", paper.year)[:4], "pageInfo": paper.pages,
             "abstractText": paper.abstract,
             "journalInfo": {"volume": paper.volume, "yearOfPublication": 2026,
                             "journal": {"title": "Journal of Made-up Results"}},
             "pubTypeList": {"pubType": list(paper.types)}, "isOpenAccess": "Y"}
    if paper.origin == "PPR":
        del found["journalInfo"]
    return {name: value for name, value in found.items() if value}


@dataclass
class EuropePmc:
    """Answers searchPOST, so many reports a page."""

    papers: list[Paper]
    page: int = 500
    told: dict = field(default_factory=dict)  # what stands in answers in place of what is true

    def serve(self, server: Server) -> EuropePmc:
        server.route("/europepmc/searchPOST", self.search)
        return self

    def search(self, request: Request) -> Reply:
        begin, end = _CREATION.search(request.params["query"]).groups()
        found = [p for p in self.papers if begin <= p.created <= end]
        cursor = request.params["cursorMark"]
        at = 0 if cursor == "*" else int(cursor.removeprefix("at"))
        shown = found[at:at + self.page]
        after = f"at{at + len(shown)}" if shown else cursor
        return text(json.dumps({
            "version": "6.9", "hitCount": len(found), "nextCursorMark": after,
            "request": {"queryString": request.params["query"], "cursorMark": cursor},
            "resultList": {"result": [result(p) for p in shown]}} | self.told))
