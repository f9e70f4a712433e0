"""A small data folder of made-up trials, written from the declaration of the tables."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

from livingreview.data import tables
from livingreview.data.dataset import Dataset, load
from livingreview.effects import Analysis, Effect, Evidence, LeftOut, Rules, select

DATA = Path(__file__).parent.parent / "data"
KNEE = "knee-osteoarthritis"
# Tables of rules and words: the project's own. All others hold only what a test puts in.
SHARED = ("vocabularies", "own_names", "instruments", "hierarchy", "certainty_rules", "priors")
SOURCES = {"own": "full-text-table", "registry": "registry", "review": "review-table"}

PAIN = Analysis.of({
    "analysis_id": "made-up", "indication": KNEE, "title": "Pain", "section": "effects",
    "role": "main", "target_type": "family", "target": "pain", "instrument_contains": None,
    "measure": "MD", "window_from": 3.0, "window_to": 6.0, "comparison": "placebo",
    "favourable": "lower", "rescale": "yes", "studies": (), "qualities": (),
    "tau2_method": None, "interval": None, "note": None, "background": None, "condition": (),
    "products": (), "unit": None})
HARM = replace(PAIN, target_type="event", target="any-ae", measure="RR", window=(None, None),
               rescale=False)
RESPONDER = replace(PAIN, target_type="outcome", target="responder", measure="RR",
                    favourable="higher", rescale=False)


@cache
def _shared_rows(table: tables.Table) -> list[dict]:
    """The project's rows, as far as they concern the knee."""
    with (DATA / table.path()).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if table.name == "vocabularies":
        return [r for r in rows if r["list"] != "indication" or r["value"] == KNEE]
    return [r for r in rows if r.get("indication", "") in ("", KNEE)]


_READ: dict[str, Dataset] = {}  # folders of the same rows are read once; nothing changes them


class World:
    """Made-up studies; every method adds a row and returns the world."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.rows: dict[str, list[dict]] = {table.name: [] for table in tables.TABLES}
        for name in SHARED:
            self.rows[name] = [dict(row) for row in _shared_rows(tables.BY_NAME[name])]
        for source, kind in SOURCES.items():
            self.add("sources", source_id=source, kind=kind, title=source, accessed="2026-01-01")

    def add(self, table: str, **values) -> World:
        """Add a row; what is not given stays empty."""
        self.rows[table].append(values)
        return self

    def study(self, study_id: str, **more) -> World:
        """Add a randomised trial."""
        return self.add("studies", **{
            "study_id": study_id, "first_author": "Somebody", "design": "rct", "species": "human",
            "blinding": "double", "status": "published", "source_id": "own", **more})

    def arm(self, study_id: str, arm_id: str, comparator: str = "", cells: str = "", **more
            ) -> World:
        """Add an arm: of cells where `cells` names the product, else of a comparator."""
        return self.add("arms", **{
            "study_id": study_id, "arm_id": arm_id, "comparator_type": comparator,
            "role": "intervention" if cells else "comparator", "n_allocated": 20,
            "treatment_source": "bone-marrow" if cells else "none",
            "treatment_product": cells or "none", "source_id": "own", **more})

    def trial(self, study_id: str, comparator: str = "saline", **more) -> World:
        """Add a trial of cultured cells against one comparator, arms `msc` and `control`."""
        self.study(study_id, **more)
        self.arm(study_id, "msc", cells="cultured-msc")
        return self.arm(study_id, "control", comparator)

    def value(self, study_id: str, arm_id: str, mean: float | str = "", sd: float | str = "",
              **more) -> World:
        """Add an outcome: pain on 0 to 100 at month 6, lower is better, n = 20."""
        return self.add("outcomes", **{
            "study_id": study_id, "arm_id": arm_id, "outcome": "pain-vas", "instrument": "VAS",
            "scale_min": 0, "scale_max": 100, "better": "lower", "timepoint_months": 6,
            "statistic": "final", "n": 20, "mean": mean, "sd": sd, "source_id": "own", **more})

    def pair(self, study_id: str, cells: float = 30, control: float = 40, sd: float = 10, **more
             ) -> World:
        """Add one value for each arm of :meth:`trial`."""
        self.value(study_id, "msc", cells, sd, **more)
        return self.value(study_id, "control", control, sd, **more)

    def count(self, study_id: str, arm_id: str, events: int | str, total: int | str = 20, **more
              ) -> World:
        """Add an adverse event."""
        return self.add("adverse_events", **{
            "study_id": study_id, "arm_id": arm_id, "event": "any-ae", "events": events,
            "total": total, "count": "patients", "months": 6, "source_id": "own", **more})

    def counts(self, study_id: str, cells: int, control: int, n: int = 20, **more) -> World:
        """Add adverse events of both arms of :meth:`trial`."""
        self.count(study_id, "msc", cells, n, **more)
        return self.count(study_id, "control", control, n, **more)

    def contrast(self, study_id: str, estimate: float | str, one: str = "msc",
                 other: str = "control", **more) -> World:
        """Add a reported difference in pain at month 6 on 0 to 100 that favours cells."""
        return self.add("contrasts", **{
            "study_id": study_id, "arm_intervention": one, "arm_comparator": other,
            "outcome": "pain-vas", "timepoint_months": 6, "measure": "MD",
            "favours": "intervention",
            "scale_max": 100, "estimate": estimate, "source_id": "own", **more})

    def analysis(self, **more) -> World:
        """Add a row to the analyses: pain against placebo, above 3 to 6 months."""
        return self.add("analyses", **{
            "analysis_id": "made-up", "indication": KNEE, "title": "Pain", "section": "effects",
            "role": "main", "target_type": "family", "target": "pain", "measure": "MD",
            "window_from": 3, "window_to": 6, "comparison": "placebo", "favourable": "lower",
            "rescale": "yes", **more})

    def search(self, search_id: str, date_run: str, **more) -> World:
        """Add a complete search of PubMed for the knee."""
        return self.add("searches", **{
            "search_id": search_id, "date_run": date_run, "source": "pubmed",
            "platform": "E-utilities", "indication": KNEE, "state": "complete",
            "window_to": date_run, **more})

    def record(self, record_id: str, search_id: str, **more) -> World:
        """Add an article that a search found first."""
        return self.add("records", **{
            "record_id": record_id, "source_ids": f"pubmed:{record_id}", "indications": KNEE,
            "kind": "article", "first_seen": search_id, "cluster": record_id,
            "title": f"Made-up report {record_id}",
            **more})

    def screened(self, record_id: str, decision: str, stage: str = "title-abstract",
                 date: str = "2026-11-03", reviewers: tuple[str, ...] = ("ann", "bob"), **more
                 ) -> World:
        """Add the same decision of several people on a record."""
        for reviewer in reviewers:
            self.add("screening", record_id=record_id, stage=stage, reviewer=reviewer,
                     decision=decision, date=date, **more)
        return self

    def data(self) -> Dataset:
        """Write the folder and read it."""
        rows = repr(self.rows)
        if rows not in _READ:
            _READ[rows] = load(self.write())
        return _READ[rows]

    def write(self) -> Path:
        """Write the folder."""
        for table in tables.TABLES:
            path = self.folder / table.path(KNEE)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, table.names, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.rows[table.name])
        return self.folder

    def evidence(self) -> Evidence:
        """The evidence of the made-up trials."""
        return Evidence(self.data(), KNEE)

    def select(self, analysis: Analysis = PAIN, **rules
               ) -> tuple[dict[str, Effect], dict[str, LeftOut]]:
        """Effects and trials left out, by trial."""
        effects, left = select(self.evidence(), analysis, Rules(**rules))
        return {e.trial_id: e for e in effects}, {x.trial_id: x for x in left}
