"""What each data table is: one declaration for validation, codebook and ``datapackage.json``.

What tables and columns mean stands in ``columns.csv``; `codebook` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

IDENTIFIER = r"[a-z0-9]+(?:-[a-z0-9]+)*"
DOI = r"10\.\d{4,9}/\S+"
PMID = r"[1-9]\d{0,8}"
URL = r"https?://\S+"
REGISTRATION = (
    r"NCT\d{8}|ChiCTR[-A-Z]*\d{8,10}|EudraCT \d{4}-\d{6}-\d{2}|ISRCTN\d{8}|ACTRN\d{14}"
    r"|jRCT[a-z]?\d{9,10}|IRCT\w+|UMIN\d{9}|CTRI/\d{4}/\d{2,3}/\d{6}|DRKS\d{8}|KCT\d{7}"
    r"|(?!NCT|ISRCTN|ACTRN|DRKS|KCT|UMIN)[A-Z-]+\d{4,}"  # registries that are not listed above
)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
    type : {'string', 'identifier', 'number', 'integer', 'date'}
    required : bool
        An empty cell is an error. Elsewhere empty means "not stated".
    vocabulary : str or None
        Name of the list in ``vocabularies.csv`` whose values are allowed.
    many : bool
        Several values in one cell, separated by ``;``.
    minimum, maximum : float or None
        Allowed range, ends included.
    form : str or None
        Regular expression for the usual form; another form is a warning, not an error.
    optional : bool
        A file without the column is read as if all its cells were empty.
    """

    name: str
    type: str = "string"
    required: bool = False
    vocabulary: str | None = None
    many: bool = False
    minimum: float | None = None
    maximum: float | None = None
    form: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a table that must name a row of another table (or of the same one)."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One CSV file: where it is, its columns, its key and what it refers to."""

    name: str
    folder: str  # "indication": one file in each indication's folder; else a folder of `data/`
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    optional: bool = False
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(c.name for c in self.columns))

    def column(self, name: str) -> Column:
        """The column called `name`."""
        return self.columns[self.names.index(name)]

    def path(self, indication: str = "") -> str:
        """Path of the file below the data folder."""
        folder = indication if self.folder == "indication" else self.folder
        return f"{folder}/{self.name}.csv" if folder else f"{self.name}.csv"


def _id(name, **more):
    return Column(name, type="identifier", required=True, **more)


def _number(name, **more):
    return Column(name, type="number", **more)


def _count(name):
    return Column(name, type="integer", minimum=0)


def _word(name, vocabulary=None, **more):
    return Column(name, vocabulary=vocabulary or name, **more)


SOURCE = ForeignKey(("source_id",), "sources", ("source_id",))
STUDY = ForeignKey(("study_id",), "studies", ("study_id",))
ARM = ForeignKey(("study_id", "arm_id"), "arms", ("study_id", "arm_id"))
REVIEW = ForeignKey(("review_id",), "reviews", ("review_id",))

_source_id = _id("source_id")
_locator = Column("locator")
_note = Column("note")
_study_id = _id("study_id")
_months = _number("timepoint_months", minimum=0)
_ci_low = _number("ci_low")
_ci_high = _number("ci_high")
_favours = _word("favours")
_scale_max_reported = _number("scale_max")

SOURCES = Table(
    "sources", "indication",
    (
        _id("source_id"),
        _word("kind", "source_kind", required=True),
        Column("title", required=True),
        Column("doi", form=DOI),
        Column("pmid", form=PMID),
        Column("url", form=URL),
        Column("read_at"),
        Column("accessed", type="date", required=True),
    ),
    key=("source_id",),
)

# Kinds of sources whose values are doubtful whatever their rows say, and what is said of them.
DOUBTFUL_SOURCES = {"company-page": "from a seller's or company's page"}

STUDIES = Table(
    "studies", "indication",
    (
        _id("study_id"),
        Column("title"),
        Column("first_author"),
        Column("year", type="integer", minimum=1950, maximum=2100),
        Column("journal"),
        Column("doi", form=DOI),
        Column("pmid", form=PMID),
        Column("registration", many=True, form=REGISTRATION),
        Column("country", many=True),
        _word("design"),
        _word("blinding"),
        _word("species"),
        _count("n_enrolled"),
        _word("unit"),
        _count("n_patients"),
        _number("followup_months", minimum=0),
        _word("allocation"),
        _number("comparable_until_months", minimum=0),
        Column("population"),
        _word("condition"),
        Column("companion_of", type="identifier"),
        Column("cited_by", many=True, form=r"[a-z0-9-]+:[\w-]+"),
        _word("status"),
        _word("progress"),
        Column("status_source_id", type="identifier"),
        _word("stated_result"),
        Column("stated_result_source_id", type="identifier"),
        _word("randomised", "yes"),
        _word("funding"),
        Column("funding_source_id", type="identifier"),
        _source_id,
        _note,
    ),
    key=("study_id",),
    foreign_keys=(
        SOURCE,
        ForeignKey(("companion_of",), "studies", ("study_id",)),
        ForeignKey(("status_source_id",), "sources", ("source_id",)),
        ForeignKey(("stated_result_source_id",), "sources", ("source_id",)),
        ForeignKey(("funding_source_id",), "sources", ("source_id",)),
    ),
)

ARMS = Table(
    "arms", "indication",
    (
        _study_id,
        _id("arm_id"),
        _word("role", required=True),
        Column("label"),
        _word("cell_source"),
        _word("cell_product"),
        _word("donor"),
        _number("dose_cells", minimum=0),
        _word("dose_per"),
        _count("administrations"),
        _word("route", many=True),
        Column("carrier"),
        _word("cointervention", many=True),
        _word("comparator_type"),
        _count("n_allocated"),
        _count("n_patients"),
        _number("age_mean", minimum=0),
        _number("age_sd", minimum=0),
        _count("female_n"),
        Column("combines", type="identifier", many=True),
        _source_id,
        _note,
    ),
    key=("study_id", "arm_id"),
    foreign_keys=(
        STUDY, SOURCE, ForeignKey(("study_id", "combines"), "arms", ("study_id", "arm_id")),
    ),
)

OUTCOMES = Table(
    "outcomes", "indication",
    (
        _study_id,
        _id("arm_id"),
        _word("outcome", required=True),
        Column("instrument"),
        _number("scale_min"),
        _number("scale_max"),
        _word("better"),
        _months,
        _word("statistic", required=True),
        _count("n"),
        _number("mean"),
        _number("sd", minimum=0),
        _number("se", minimum=0),
        _ci_low, _ci_high,
        _number("median"),
        _number("q1"),
        _number("q3"),
        _number("min"),
        _number("max"),
        _count("events"),
        _count("total"),
        _number("percent", minimum=0, maximum=100),
        _word("quality"),
        _word("rescaled", "yes"),
        _source_id, _locator, _note,
    ),
    key=("study_id", "arm_id", "outcome", "instrument", "timepoint_months", "statistic",
         "source_id"),
    foreign_keys=(STUDY, ARM, SOURCE),
)

CONTRASTS = Table(
    "contrasts", "indication",
    (
        _study_id,
        _id("arm_intervention"),
        _id("arm_comparator"),
        _word("outcome", required=True),
        Column("instrument"),
        _months,
        _word("measure"),
        _favours, _scale_max_reported,
        _number("estimate"),
        _ci_low, _ci_high,
        _number("se", minimum=0),
        Column("p_value"),
        _word("quality"),
        _source_id, _locator, _note,
    ),
    key=("study_id", "arm_intervention", "arm_comparator", "outcome", "instrument",
         "timepoint_months", "measure", "source_id"),
    foreign_keys=(
        STUDY, SOURCE,
        ForeignKey(("study_id", "arm_intervention"), "arms", ("study_id", "arm_id")),
        ForeignKey(("study_id", "arm_comparator"), "arms", ("study_id", "arm_id")),
    ),
)

ADVERSE_EVENTS = Table(
    "adverse_events", "indication",
    (
        _study_id,
        _id("arm_id"),
        _word("event", required=True),
        _count("events"),
        _count("total"),
        _number("percent", minimum=0, maximum=100),
        _word("count"),
        _number("months", minimum=0),
        _word("quality", optional=True),
        _source_id, _locator, _note,
    ),
    # Two rows for one arm and event may be two sources that disagree: a warning, hence no key.
    foreign_keys=(STUDY, ARM, SOURCE),
)

RISK_OF_BIAS = Table(
    "risk_of_bias", "indication",
    (
        _study_id,
        _word("tool", required=True),
        Column("domain", required=True),
        Column("judgement", required=True),
        _source_id, _note,
    ),
    key=("study_id", "tool", "domain", "source_id"),
    foreign_keys=(STUDY, SOURCE),
)

PUBLISHED_SYNTHESES = Table(
    "published_syntheses", "indication",
    (
        _id("review_id"),
        Column("title"),
        Column("doi", form=DOI),
        _word("outcome"),
        Column("population"),
        Column("comparison"),
        _months,
        _word("measure"),
        _favours, _scale_max_reported,
        _count("k"),
        _count("n"),
        _word("k_scope"),
        _number("estimate"),
        _ci_low, _ci_high,
        _number("i2_percent", minimum=0, maximum=100),
        Column("model"),
        _word("unit"),
        _source_id, _locator, _note,
    ),
    foreign_keys=(SOURCE,),
)

DOUBLE_EXTRACTION = Table(
    "double_extraction", "indication",
    (
        _study_id,
        _id("arm_id"),
        _word("outcome", required=True),
        _months,
        Column("field", required=True),
        _number("first"),
        _number("second"),
        _source_id,
    ),
    key=("study_id", "arm_id", "outcome", "timepoint_months", "field", "source_id"),
    foreign_keys=(STUDY, ARM, SOURCE),
    optional=True,
)

VOCABULARIES = Table(
    "vocabularies", "",
    (
        Column("list", required=True),
        Column("value", required=True),
        Column("kind"),
        Column("label_en", required=True),
        Column("label_zh", required=True),
    ),
    key=("list", "value"),
)

INSTRUMENTS = Table(
    "instruments", "",
    (
        _word("outcome", required=True),
        _word("indication"),
        Column("label_en", required=True),
        Column("label_zh", required=True),
        _word("family", required=True),
        Column("direction"),
        _number("scale_min"),
        _number("scale_max"),
        _number("mcid", minimum=0),
        Column("mcid_unit"),
        Column("mcid_population"),
        Column("mcid_source"),
    ),
    key=("outcome", "indication"),
)

SCALES = Table(
    "scales", "",
    (
        _word("outcome", required=True),
        Column("form", many=True),
        _number("scale_min", required=True),
        _number("scale_max", required=True),
        _word("fixed", "yes"),
        Column("steps", type="integer", minimum=1),
        Column("source", required=True),
        _note,
    ),
    key=("outcome", "form", "scale_min", "scale_max"),
    optional=True,
)

DOUBTS = Table(
    "doubts", "",
    (
        _word("indication", required=True),
        _word("table", "doubt_table", required=True),
        _id("study_id"),
        Column("arm_id", type="identifier"),
        Column("item", type="identifier"),
        _number("timepoint_months", minimum=0),
        _word("rule", "doubt_rule", required=True),
        Column("finding", required=True),
        _word("decision", "doubt_decision", required=True),
        Column("reason", required=True),
        Column("source_id", type="identifier"),
        Column("date", type="date", required=True),
    ),
    key=("indication", "table", "study_id", "arm_id", "item", "timepoint_months", "rule",
         "finding"),
    optional=True,
)

COHORT_OVERLAPS = Table(
    "cohort_overlaps", "",
    (
        _word("indication", required=True),
        _id("study_id"),
        _id("other_study_id"),
        _word("kind", "overlap_kind", required=True),
        Column("reason"),
        Column("rule"),
        _word("action", "overlap_action", required=True),
        Column("keep", type="identifier"),
    ),
    key=("indication", "study_id", "other_study_id"),
)

HIERARCHY = Table(
    "hierarchy", "",
    (
        _word("family", required=True),
        Column("position", type="integer", minimum=1, required=True),
        _word("outcome", required=True),
    ),
    key=("family", "outcome"),
)

ANALYSES = Table(
    "analyses", "",
    (
        _id("analysis_id"),
        _word("indication", required=True),
        Column("title", required=True),
        _word("section", "analysis_section", required=True),
        _word("role", "analysis_role", required=True),
        _word("target_type", required=True),
        Column("target", type="identifier", required=True),
        Column("instrument_contains"),
        _word("measure", required=True),
        _number("window_from", minimum=0),
        _number("window_to", minimum=0),
        _word("comparison", "analysis_comparison", required=True),
        _word("favourable", "better", required=True),
        _word("rescale", "yes"),
        Column("studies", type="identifier", many=True),
        _word("qualities", "quality", many=True),
        _word("tau2_method"),
        _word("interval", "interval_method"),
        Column("note"),
        _word("background", "cointervention"),
        _word("condition", many=True),
        _word("products", "cell_product", many=True),
        Column("unit"),
    ),
    key=("analysis_id",),
)

# Two analyses that agree in these ask the same: at another window, or by another measure.
ONE_QUESTION = ("target_type", "target", "comparison", "instrument_contains", "condition",
                "products", "background")

MAIN_WINDOWS = Table(
    "main_windows", "",
    (
        _word("indication", required=True),
        Column("position", type="integer", minimum=1, required=True),
        _id("analysis_id"),
        _word("role", "shown_role", required=True),
        Column("note"),
    ),
    key=("analysis_id",),
    foreign_keys=(ForeignKey(("analysis_id",), "analyses", ("analysis_id",)),),
    optional=True,
)

GLOSSARY = Table(
    "glossary", "",
    (
        _id("term"),
        _word("kind", "glossary_kind", required=True),
        Column("label_en", required=True),
        Column("label_zh", required=True),
        Column("forms_en", many=True),
        Column("forms_zh", many=True),
        Column("explanation_en", required=True),
        Column("explanation_zh", required=True),
        Column("source"),
    ),
    key=("term",),
    optional=True,
)

CERTAINTY_RULES = Table(
    "certainty_rules", "",
    (
        _id("rule_id"),
        _word("domain", "certainty_domain", required=True),
        _number("threshold"),
        Column("unit"),
        Column("levels", type="integer", required=True),
        Column("rule", required=True),
    ),
    key=("rule_id",),
)

CHANGELOG = Table(
    "changelog", "",
    (
        Column("date", type="date", required=True),
        Column("file", required=True),
        Column("study_id", type="identifier"),
        Column("column"),
        Column("old"),
        Column("new"),
        Column("source_id", type="identifier"),
        Column("reason", required=True),
    ),
)

AUDITS = Table(
    "audits", "",
    (
        Column("what", required=True),
        Column("checked", type="integer", minimum=1, required=True),
        Column("agreed", type="integer", minimum=0, required=True),
        _note,
    ),
    key=("what",),
)

REVIEWS = Table(
    "reviews", "seed-reviews",
    (
        _id("review_id"),
        Column("title_en"), Column("title_zh"),
        Column("authors"), Column("journal"),
        Column("year", type="integer", minimum=1950, maximum=2100),
        Column("doi", form=DOI),
        Column("language"), Column("review_type"),
        _word("indications", "indication", many=True),
        Column("databases_searched", many=True),
        Column("search_until"),
        Column("records_identified"),
        Column("studies_included"),
        Column("participants"),
        Column("quality_tool"), _note,
    ),
    key=("review_id",),
)

REFERENCES = Table(
    "references", "seed-reviews",
    (
        _id("review_id"),
        Column("ref_number", required=True),
        Column("authors"),
        Column("year", type="integer", minimum=1900, maximum=2100),
        Column("title"), Column("journal"),
        Column("volume_pages"),
        Column("doi", form=DOI),
        _word("kind", "reference_kind"),
        _word("indication", "seed_indication", many=True), _note,
    ),
    key=("review_id", "ref_number"),
    foreign_keys=(REVIEW,),
)

CLAIMS = Table(
    "claims", "seed-reviews",
    (
        _id("claim_id"),
        _id("review_id"),
        Column("section"),
        _word("indication", "seed_indication"),
        _word("kind", "claim_kind", required=True),
        Column("claim_en", required=True),
        Column("claim_zh", required=True),
        Column("quantity"),
        Column("outcome"),
        _word("direction", "claim_direction"),
        Column("cited_refs", many=True),
        _word("checkable", required=True),
        _word("conclusion", "yes"), _note,
    ),
    key=("claim_id",),
    foreign_keys=(REVIEW,),
)

VERDICTS = Table(
    "verdicts", "seed-reviews",
    (
        _id("claim_id"),
        _word("verdict", required=True),
        _word("basis_type"),
        Column("basis", many=True),
        Column("reason", required=True),
        Column("date", type="date", required=True),
    ),
    key=("claim_id",),
    foreign_keys=(ForeignKey(("claim_id",), "claims", ("claim_id",)),),
    optional=True,
)

MECHANISMS = Table(
    "mechanisms", "seed-reviews",
    (
        _id("mechanism_id"),
        _word("indication", "seed_indication"),
        Column("mechanism"), Column("mediator"),
        Column("effect"),
        _word("direction", "mechanism_direction"),
        Column("cell_or_product"),
        _id("review_id"),
        Column("cited_refs", many=True),
    ),
    key=("mechanism_id",),
    foreign_keys=(REVIEW,),
)

VALIDATION_STUDIES = Table(
    "validation_studies", "seed-reviews",
    (
        _id("review_id"),
        Column("institution"), Column("title_en"),
        Column("title_zh"), Column("journal"),
        Column("year", type="integer", minimum=1950, maximum=2100),
        Column("cited_ref", required=True),
        Column("cell_source"), Column("product"),
        Column("model"), Column("key_effect"),
    ),
    key=("review_id", "cited_ref"),
    foreign_keys=(REVIEW,),
)

HEADLINE_NUMBERS = Table(
    "headline_numbers", "seed-reviews",
    (
        _id("review_id"),
        _id("statement_id"),
        Column("what", required=True),
        Column("value"), Column("unit"), Column("scope"),
        Column("how_to_recompute"),
        Column("numbers", many=True),
        _word("relation", "headline_relation"),
        _word("indication", "seed_indication"),
        _word("table", "headline_table"),
        Column("refs", many=True),
        Column("where"),
        _word("compute", "headline_compute"),
        Column("column"),
        Column("of"),
        _word("why_not", "headline_why_not"),
    ),
    key=("statement_id",),
    foreign_keys=(REVIEW,),
)

ABOUT = Table(
    "about", "",
    (
        _id("key"),
        Column("value", required=True),
    ),
    key=("key",),
    optional=True,
)

# What a living review states of itself (PRISMA-LSR, item L1).
LIVING_MODE = (
    "search-schedule", "screening-schedule", "extraction-schedule", "bias-schedule",
    "analysis-schedule", "certainty-schedule", "publication-schedule", "update-rule",
    "retirement-plan", "protocol",
)

FLOW = Table(
    "flow", "",
    (
        Column("date", type="date", required=True),
        Column("source", required=True),
        Column("query"),
        _count("hits"),
        _count("screened"),
        _count("excluded"),
        Column("reason"),
    ),
    key=("date", "source", "query", "reason"),
    optional=True,
)

# Not a table of a data folder: what `import` applies to the rows of one, and writes down in the
# changelog.
CORRECTIONS = Table(
    "corrections", "",
    (
        Column("file", required=True),
        Column("key", required=True),
        Column("column", required=True),
        Column("old"),
        Column("new"),
        Column("source", required=True),
        _locator,
        Column("reason", required=True),
    ),
)

# Lists to which the extraction protocol lets everybody add a word; all others are closed.
OPEN_LISTS = ("species", "route", "cointervention", "outcome", "event", "tool")

TABLES = (
    ABOUT, FLOW,
    SOURCES, STUDIES, ARMS, OUTCOMES, CONTRASTS, ADVERSE_EVENTS, RISK_OF_BIAS,
    PUBLISHED_SYNTHESES, DOUBLE_EXTRACTION, VOCABULARIES, INSTRUMENTS, SCALES, COHORT_OVERLAPS,
    DOUBTS, HIERARCHY, ANALYSES, MAIN_WINDOWS, GLOSSARY, CERTAINTY_RULES, CHANGELOG, AUDITS,
    REVIEWS, REFERENCES, CLAIMS, VERDICTS, MECHANISMS, VALIDATION_STUDIES, HEADLINE_NUMBERS,
)
BY_NAME = {table.name: table for table in TABLES}
