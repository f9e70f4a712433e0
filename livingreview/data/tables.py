"""What each data table is: one declaration for validation, codebook and ``datapackage.json``."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    name, description : str
    type : {'string', 'identifier', 'number', 'integer', 'date'}
    required : bool
        An empty cell is an error. Elsewhere empty means "not stated".
    vocabulary : str or None
        Name of the list in ``vocabularies.csv`` whose values are allowed.
    many : bool
        Several values in one cell, separated by ``;``.
    minimum, maximum : float or None
        Allowed range, ends included.
    unit : str or None
    form : str or None
        Regular expression for the usual form; another form is a warning, not an error.
    optional : bool
        A file without the column is read as if all its cells were empty.
    """

    name: str
    description: str
    type: str = "string"
    required: bool = False
    vocabulary: str | None = None
    many: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
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
    description: str
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


def _id(name, description, **more):
    return Column(name, description, type="identifier", required=True, **more)


def _number(name, description, **more):
    return Column(name, description, type="number", **more)


def _count(name, description, **more):
    return Column(name, description, type="integer", minimum=0, **more)


def _word(name, description, vocabulary=None, **more):
    return Column(name, description, vocabulary=vocabulary or name, **more)


def _text(name, description, **more):
    return Column(name, description, **more)


SOURCE = ForeignKey(("source_id",), "sources", ("source_id",))
STUDY = ForeignKey(("study_id",), "studies", ("study_id",))
ARM = ForeignKey(("study_id", "arm_id"), "arms", ("study_id", "arm_id"))
REVIEW = ForeignKey(("review_id",), "reviews", ("review_id",))

_source_id = _id("source_id", "the source in which the values of this row were read")
_locator = _text("locator", "where in the source: table, analysis, abstract")
_note = _text("note", "remark in our own words")
_study_id = _id("study_id", "the study")
_months = _number(
    "timepoint_months", "visit; 0 is baseline, empty is not printed", minimum=0, unit="months"
)
_ci_low = _number("ci_low", "lower end of the interval, 95% unless the note says otherwise")
_ci_high = _number("ci_high", "upper end of the interval")
_favours = _word("favours", "the side on which the reported result lies", "favours")
_scale_max_reported = _number("scale_max", "upper end of the scale of the reported estimate")

SOURCES = Table(
    "sources", "indication", "Where values were read.",
    (
        _id("source_id", "identifier of the source"),
        _word("kind", "what kind of text was read", "source_kind", required=True),
        _text("title", "title of the text", required=True),
        _text("doi", "digital object identifier", form=DOI),
        _text("pmid", "PubMed identifier", form=PMID),
        _text("url", "canonical link that the site may show", form=URL),
        _text("read_at", "the copy that was read, kept for the record and never linked"),
        Column("accessed", "date on which it was read", type="date", required=True),
    ),
    key=("source_id",),
)

# Kinds of sources whose values are doubtful whatever their rows say, and what is said of them.
DOUBTFUL_SOURCES = {"company-page": "from a seller's or company's page"}

STUDIES = Table(
    "studies", "indication", "One row per study: a trial, a cohort or an animal experiment.",
    (
        _id("study_id", "identifier: surname and year of the main report"),
        _text("title", "title of the report"),
        _text("first_author", "surname of the first author"),
        Column("year", "year of publication", type="integer", minimum=1950, maximum=2100),
        _text("journal", "journal of the report"),
        _text("doi", "digital object identifier", form=DOI),
        _text("pmid", "PubMed identifier", form=PMID),
        _text("registration", "registry numbers", many=True, form=REGISTRATION),
        _text("country", "countries of the centres", many=True),
        _word("design", "study design"),
        _word("blinding", "who was blinded"),
        _word("species", "species"),
        _count("n_enrolled", "patients, parts of a patient or animals enrolled",
               unit="units of `unit`"),
        _word("unit", "what was allocated and counted"),
        _count("n_patients", "patients of the study, where units are parts of one",
               unit="patients"),
        _number("followup_months", "longest follow-up", minimum=0, unit="months"),
        _word("allocation", "parallel groups, both sides of a person, or several units of a "
              "person"),
        _number("comparable_until_months", "last visit before unblinding, cross-over or rescue",
                minimum=0, unit="months"),
        _text("population", "who was studied, in our own words"),
        _word("condition", "form or stage of the disease at entry, where the report says so"),
        Column("companion_of", "main report, when this row is a later report of the same patients",
               type="identifier"),
        _text("cited_by", "seed review and its reference number", many=True,
              form=r"[a-z0-9-]+:[\w-]+"),
        _word("status", "publication status"),
        _word("progress", "whether the study is finished, where a read source says so"),
        Column("status_source_id", "source of the status", type="identifier"),
        _word("stated_result", "what the report concludes, treatment against control, where it "
              "has no usable number for some analysis"),
        Column("stated_result_source_id", "source of that conclusion", type="identifier"),
        _word("randomised", "yes: a read source says that animals were allocated at random "
              "(animal experiments; in people the design says it)", "yes"),
        _word("funding", "who paid, where a read source says so"),
        Column("funding_source_id", "source of the funding", type="identifier"),
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
    "arms", "indication", "One row per arm of a study and per union of arms.",
    (
        _study_id,
        _id("arm_id", "identifier of the arm within its study"),
        _word("role", "role that the report gives to the arm", required=True),
        _text("label", "what the arm got, in our own words"),
        _word("cell_source", "source of the treatment"),
        _word("cell_product", "product that was given"),
        _word("donor", "from whom the treatment comes"),
        _number("dose_cells", "amount in one administration; its unit is the word `dose-unit` of "
                "the list `wording`", minimum=0),
        _word("dose_per", "what one dose is for"),
        _count("administrations", "number of administrations"),
        _word("route", "route of administration", many=True),
        _text("carrier", "what it was given in"),
        _word("cointervention", "everything else that the arm got", many=True),
        _word("comparator_type", "type of the control"),
        _count("n_allocated", "units allocated to the arm", unit="units of the study"),
        _count("n_patients", "patients of the arm, where units are parts of one", unit="patients"),
        _number("age_mean", "mean age", minimum=0, unit="years (animals: as noted)"),
        _number("age_sd", "standard deviation of age", minimum=0),
        _count("female_n", "women"),
        Column("combines", "arms of which this one is the union", type="identifier", many=True),
        _source_id,
        _note,
    ),
    key=("study_id", "arm_id"),
    foreign_keys=(
        STUDY, SOURCE, ForeignKey(("study_id", "combines"), "arms", ("study_id", "arm_id")),
    ),
)

OUTCOMES = Table(
    "outcomes", "indication", "One row per arm, outcome and visit.",
    (
        _study_id,
        _id("arm_id", "the arm"),
        _word("outcome", "outcome", required=True),
        _text("instrument", "instrument as reported"),
        _number("scale_min", "lower end of the scale as reported"),
        _number("scale_max", "upper end of the scale as reported"),
        _word("better", "which way these very numbers are better"),
        _months,
        _word("statistic", "value at the visit, change from baseline or percentage change",
              required=True),
        _count("n", "units analysed"),
        _number("mean", "mean"),
        _number("sd", "standard deviation", minimum=0),
        _number("se", "standard error", minimum=0),
        _ci_low, _ci_high,
        _number("median", "median"),
        _number("q1", "lower quartile"),
        _number("q3", "upper quartile"),
        _number("min", "smallest value"),
        _number("max", "largest value"),
        _count("events", "units with the event"),
        _count("total", "units at risk"),
        _number("percent", "percentage as printed, where counts are not", minimum=0, maximum=100,
                unit="percent"),
        _word("quality", "how the source came by the value; empty is as reported by the trial"),
        _word("rescaled", "yes: the source rescaled or reversed the trial's own scale", "yes"),
        _source_id, _locator, _note,
    ),
    key=("study_id", "arm_id", "outcome", "instrument", "timepoint_months", "statistic",
         "source_id"),
    foreign_keys=(STUDY, ARM, SOURCE),
)

CONTRASTS = Table(
    "contrasts", "indication", "Between-arm effects as reported.",
    (
        _study_id,
        _id("arm_intervention", "first arm of the contrast"),
        _id("arm_comparator", "second arm of the contrast"),
        _word("outcome", "outcome", required=True),
        _text("instrument", "instrument as reported"),
        _months,
        _word("measure", "effect measure"),
        _favours, _scale_max_reported,
        _number("estimate", "the effect, first arm against second"),
        _ci_low, _ci_high,
        _number("se", "standard error (ratios: of the logarithm)", minimum=0),
        _text("p_value", "p-value as printed"),
        _word("quality", "how the source came by the value; empty is as reported by the trial"),
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
    "adverse_events", "indication", "One row per arm and adverse event.",
    (
        _study_id,
        _id("arm_id", "the arm"),
        _word("event", "event", required=True),
        _count("events", "patients with the event, or events: see `count`"),
        _count("total", "patients at risk"),
        _number("percent", "percentage as printed, where counts are not", minimum=0, maximum=100,
                unit="percent"),
        _word("count", "whether `events` counts patients or events"),
        _number("months", "follow-up that the count covers", minimum=0, unit="months"),
        _word("quality", "how the source came by the count; empty is as reported by the trial",
              optional=True),
        _source_id, _locator, _note,
    ),
    # Two rows for one arm and event may be two sources that disagree: a warning, hence no key.
    foreign_keys=(STUDY, ARM, SOURCE),
)

RISK_OF_BIAS = Table(
    "risk_of_bias", "indication", "Judgements as published by a named review.",
    (
        _study_id,
        _word("tool", "instrument of the judgement", required=True),
        _text("domain", "domain as the source names it", required=True),
        _text("judgement", "judgement or score as printed", required=True),
        _source_id, _note,
    ),
    key=("study_id", "tool", "domain", "source_id"),
    foreign_keys=(STUDY, SOURCE),
)

PUBLISHED_SYNTHESES = Table(
    "published_syntheses", "indication", "Pooled results of others.",
    (
        _id("review_id", "first author and year"),
        _text("title", "title of the review"),
        _text("doi", "digital object identifier", form=DOI),
        _word("outcome", "outcome"),
        _text("population", "population"),
        _text("comparison", "comparison"),
        _months,
        _word("measure", "effect measure"),
        _favours, _scale_max_reported,
        _count("k", "studies"),
        _count("n", "participants"),
        _word("k_scope", "whether k and n are of this result or of the whole review"),
        _number("estimate", "pooled estimate"),
        _ci_low, _ci_high,
        _number("i2_percent", "I²", minimum=0, maximum=100, unit="percent"),
        _text("model", "model as printed"),
        _word("unit", "animal: the pooled studies are animal experiments; empty is people"),
        _source_id, _locator, _note,
    ),
    foreign_keys=(SOURCE,),
)

DOUBLE_EXTRACTION = Table(
    "double_extraction", "indication", "Values that two independent extractions read.",
    (
        _study_id,
        _id("arm_id", "the arm"),
        _word("outcome", "outcome", required=True),
        _months,
        _text("field", "the column that was read twice", required=True),
        _number("first", "value of the first extraction"),
        _number("second", "value of the second extraction"),
        _source_id,
    ),
    key=("study_id", "arm_id", "outcome", "timepoint_months", "field", "source_id"),
    foreign_keys=(STUDY, ARM, SOURCE),
    optional=True,
)

VOCABULARIES = Table(
    "vocabularies", "", "The allowed words of every list.",
    (
        _text("list", "name of the list", required=True),
        _text("value", "the allowed word", required=True),
        _text("kind", "what the word counts as, where rules depend on it"),
        _text("label_en", "label in English", required=True),
        _text("label_zh", "label in Chinese", required=True),
    ),
    key=("list", "value"),
)

INSTRUMENTS = Table(
    "instruments", "", "Outcomes: labels, direction, range, minimal important difference.",
    (
        _word("outcome", "outcome", required=True),
        _word("indication", "indication to which the row is limited; empty is all"),
        _text("label_en", "label in English", required=True),
        _text("label_zh", "label in Chinese", required=True),
        _word("family", "family of outcomes", required=True),
        _text("direction", "usual direction of the instrument"),
        _number("scale_min", "lower end of the usual scale"),
        _number("scale_max", "upper end of the usual scale"),
        _number("mcid", "minimal important difference", minimum=0),
        _text("mcid_unit", "unit of the minimal important difference"),
        _text("mcid_population", "population in which it was found"),
        _text("mcid_source", "source of the minimal important difference"),
    ),
    key=("outcome", "indication"),
)

SCALES = Table(
    "scales", "", "Limits and steps of instruments, where they belong to the instrument itself.",
    (
        _word("outcome", "outcome", required=True),
        _text("form", "texts of which the row's instrument must hold one; empty is any instrument "
              "of the outcome", many=True),
        _number("scale_min", "lower end of the scale", required=True),
        _number("scale_max", "upper end of the scale", required=True),
        _word("fixed", "yes: a row that prints no scale has these limits", "yes"),
        Column("steps", "into how many equal steps a patient's score divides the scale; empty is "
               "not known, or of no whole steps", type="integer", minimum=1),
        _text("source", "where limits and steps were read", required=True),
        _note,
    ),
    key=("outcome", "form", "scale_min", "scale_max"),
    optional=True,
)

DOUBTS = Table(
    "doubts", "", "Values that look doubtful, and what was decided of each.",
    (
        _word("indication", "indication", required=True),
        _word("table", "table of the value", "doubt_table", required=True),
        _id("study_id", "the study"),
        Column("arm_id", "the arm (of a contrast its first one); empty is all arms",
               type="identifier"),
        Column("item", "outcome or event; empty is all of the arm", type="identifier"),
        _number("timepoint_months", "visit; empty is every visit", minimum=0, unit="months"),
        _word("rule", "what makes the value doubtful", "doubt_rule", required=True),
        _text("finding", "what was found: the value and its n, both values, both numbers",
              required=True),
        _word("decision", "what was decided; `quality` of the rows must agree", "doubt_decision",
              required=True),
        _text("reason", "why, in our own words", required=True),
        Column("source_id", "source that settles it", type="identifier"),
        Column("date", "date of the decision", type="date", required=True),
    ),
    key=("indication", "table", "study_id", "arm_id", "item", "timepoint_months", "rule",
         "finding"),
    optional=True,
)

COHORT_OVERLAPS = Table(
    "cohort_overlaps", "", "Studies that share patients, surely or probably.",
    (
        _word("indication", "indication", required=True),
        _id("study_id", "one study"),
        _id("other_study_id", "the other study"),
        _word("kind", "how sure the overlap is", "overlap_kind", required=True),
        _text("reason", "why an overlap is assumed"),
        _text("rule", "what follows, in words"),
        _word("action", "what follows for pooling", "overlap_action", required=True),
        Column("keep", "the study that stays", type="identifier"),
    ),
    key=("indication", "study_id", "other_study_id"),
)

HIERARCHY = Table(
    "hierarchy", "", "Which outcome of a family is taken first.",
    (
        _word("family", "family of outcomes", required=True),
        Column("position", "order within the family", type="integer", minimum=1, required=True),
        _word("outcome", "outcome", required=True),
    ),
    key=("family", "outcome"),
)

ANALYSES = Table(
    "analyses", "", "The analyses of the book: one row each.",
    (
        _id("analysis_id", "identifier of the analysis"),
        _word("indication", "indication", required=True),
        _text("title", "title for the reader", required=True),
        _word("section", "section of the chapter", "analysis_section", required=True),
        _word("role", "main analysis, further analysis or check", "analysis_role", required=True),
        _word("target_type", "what `target` names", "target_type", required=True),
        Column("target", "family, outcome or adverse event", type="identifier", required=True),
        _text("instrument_contains", "text that the instrument must hold"),
        _word("measure", "effect measure", required=True),
        _number("window_from", "visits after this month", minimum=0, unit="months"),
        _number("window_to", "visits up to this month; empty is no end", minimum=0, unit="months"),
        _word("comparison", "class of the comparison", "analysis_comparison", required=True),
        _word("favourable", "side of the effect that favours the treatment", "better",
              required=True),
        _word("rescale", "yes: mean differences on 0 to 100", "yes"),
        Column("studies", "only these studies", type="identifier", many=True),
        _word("qualities", "values that may enter; empty is the protocol's main rule", "quality",
              many=True),
        _word("tau2_method", "estimator; empty is the protocol's", "tau2_method"),
        _word("interval", "interval; empty is the protocol's", "interval_method"),
        _text("note", "why this analysis exists or differs"),
        _word("background", "only comparisons in which both arms got this besides",
              "cointervention"),
        _word("condition", "only studies of these forms or stages of the disease", many=True),
        _word("products", "only these products, those that the main pools keep apart too; "
              "empty is the protocol's main rule", "cell_product", many=True),
        _text("unit", "unit of a difference that is not one of points of a score"),
    ),
    key=("analysis_id",),
)

# Two analyses that agree in these ask the same: at another window, or by another measure.
ONE_QUESTION = ("target_type", "target", "comparison", "instrument_contains", "condition",
                "products", "background")

MAIN_WINDOWS = Table(
    "main_windows", "", "What a reader is shown first: an outcome at one window in each row.",
    (
        _word("indication", "indication", required=True),
        Column("position", "order of the rows in the summary of findings of the indication",
               type="integer", minimum=1, required=True),
        _id("analysis_id", "the analysis: outcome, comparison and main window"),
        _word("role", "headline: the finding on the card of the indication (one); harm: the harm "
              "on it (one at most); shown: a further row of the summary of findings",
              "shown_role", required=True),
        _text("note", "why this outcome or window, where it is not plain"),
    ),
    key=("analysis_id",),
    foreign_keys=(ForeignKey(("analysis_id",), "analyses", ("analysis_id",)),),
    optional=True,
)

GLOSSARY = Table(
    "glossary", "", "Terms that are explained to readers where they are used.",
    (
        _id("term", "identifier of the term"),
        _word("kind", "group of terms on the page of the glossary", "glossary_kind", required=True),
        _text("label_en", "the term in English", required=True),
        _text("label_zh", "the term in Chinese", required=True),
        _text("forms_en", "further forms by which it stands in English text, such as its plural; "
              "a form with capitals inside a word is looked for as it is written", many=True),
        _text("forms_zh", "further forms by which it stands in Chinese text", many=True),
        _text("explanation_en", "what it means, in one or two plain sentences", required=True),
        _text("explanation_zh", "the same in Chinese", required=True),
        _text("source", "where the meaning may be checked; empty where the words are plain"),
    ),
    key=("term",),
    optional=True,
)

CERTAINTY_RULES = Table(
    "certainty_rules", "", "The rules by which certainty is rated down.",
    (
        _id("rule_id", "identifier of the rule"),
        _word("domain", "GRADE domain", "certainty_domain", required=True),
        _number("threshold", "number that the rule compares with"),
        _text("unit", "unit of the threshold"),
        Column("levels", "levels by which certainty changes", type="integer", required=True),
        _text("rule", "the rule in words", required=True),
    ),
    key=("rule_id",),
)

CHANGELOG = Table(
    "changelog", "", "Dated corrections of and additions to the data.",
    (
        Column("date", "date of the change", type="date", required=True),
        _text("file", "file that was changed", required=True),
        Column("study_id", "study concerned", type="identifier"),
        _text("column", "columns that were changed"),
        _text("old", "value before"),
        _text("new", "value now"),
        Column("source_id", "source that settles it", type="identifier"),
        _text("reason", "why", required=True),
    ),
)

AUDITS = Table(
    "audits", "", "Samples of values that were looked up again in their sources.",
    (
        _text("what", "what was looked up", required=True),
        Column("checked", "values looked up and found", type="integer", minimum=1, required=True),
        Column("agreed", "values that agree", type="integer", minimum=0, required=True),
        _note,
    ),
    key=("what",),
)

REVIEWS = Table(
    "reviews", "seed-reviews", "The seed reviews.",
    (
        _id("review_id", "identifier of the seed review"),
        _text("title_en", "title in English"), _text("title_zh", "title in Chinese"),
        _text("authors", "authors"), _text("journal", "journal"),
        Column("year", "year", type="integer", minimum=1950, maximum=2100),
        _text("doi", "digital object identifier", form=DOI),
        _text("language", "language"), _text("review_type", "kind of review"),
        _word("indications", "indications it covers", "indication", many=True),
        _text("databases_searched", "databases that it names", many=True),
        _text("search_until", "end of its search"),
        _text("records_identified", "records that it names"),
        _text("studies_included", "studies that it includes"),
        _text("participants", "participants that it names"),
        _text("quality_tool", "quality tool that it names"), _note,
    ),
    key=("review_id",),
)

REFERENCES = Table(
    "references", "seed-reviews", "The reference lists of the seed reviews.",
    (
        _id("review_id", "the seed review"),
        _text("ref_number", "number in its list", required=True),
        _text("authors", "authors"),
        Column("year", "year", type="integer", minimum=1900, maximum=2100),
        _text("title", "title"), _text("journal", "journal"),
        _text("volume_pages", "volume and pages"),
        _text("doi", "digital object identifier", form=DOI),
        _word("kind", "what the reference is", "reference_kind"),
        _word("indication", "indications", "seed_indication", many=True), _note,
    ),
    key=("review_id", "ref_number"),
    foreign_keys=(REVIEW,),
)

CLAIMS = Table(
    "claims", "seed-reviews", "What the seed reviews claim.",
    (
        _id("claim_id", "identifier of the claim"),
        _id("review_id", "the seed review"),
        _text("section", "section of the review"),
        _word("indication", "indication", "seed_indication"),
        _word("kind", "kind of claim", "claim_kind", required=True),
        _text("claim_en", "paraphrase in English", required=True),
        _text("claim_zh", "paraphrase in Chinese", required=True),
        _text("quantity", "number that it states"),
        _text("outcome", "outcome that it speaks of"),
        _word("direction", "direction that it states", "claim_direction"),
        _text("cited_refs", "references that it cites", many=True),
        _word("checkable", "whether data can check it", "checkable", required=True),
        _word("conclusion", "yes: it is a conclusion of the review", "yes"), _note,
    ),
    key=("claim_id",),
    foreign_keys=(REVIEW,),
)

VERDICTS = Table(
    "verdicts", "seed-reviews", "What a claim of a seed review is worth, judged one by one.",
    (
        _id("claim_id", "the claim"),
        _word("verdict", "the judgement", required=True),
        _word("basis_type", "what `basis` names"),
        _text("basis", "what the verdict rests on: an analysis; `indication:study`; "
              "`review:number` of a reference", many=True),
        _text("reason", "why, in one sentence of our own", required=True),
        Column("date", "date of the judgement", type="date", required=True),
    ),
    key=("claim_id",),
    foreign_keys=(ForeignKey(("claim_id",), "claims", ("claim_id",)),),
    optional=True,
)

MECHANISMS = Table(
    "mechanisms", "seed-reviews", "The mechanism tables of the seed reviews.",
    (
        _id("mechanism_id", "identifier"),
        _word("indication", "indication", "seed_indication"),
        _text("mechanism", "mechanism"), _text("mediator", "what it acts through"),
        _text("effect", "effect"),
        _word("direction", "direction", "mechanism_direction"),
        _text("cell_or_product", "treatment or product"),
        _id("review_id", "the seed review"),
        _text("cited_refs", "references that it cites", many=True),
    ),
    key=("mechanism_id",),
    foreign_keys=(REVIEW,),
)

VALIDATION_STUDIES = Table(
    "validation_studies", "seed-reviews", "The validation studies that seed reviews tabulate.",
    (
        _id("review_id", "the seed review"),
        _text("institution", "institution"), _text("title_en", "title in English"),
        _text("title_zh", "title in Chinese"), _text("journal", "journal"),
        Column("year", "year", type="integer", minimum=1950, maximum=2100),
        _text("cited_ref", "number in its list", required=True),
        _text("cell_source", "source of the treatment"), _text("product", "product"),
        _text("model", "model"), _text("key_effect", "effect as stated"),
    ),
    key=("review_id", "cited_ref"),
    foreign_keys=(REVIEW,),
)

HEADLINE_NUMBERS = Table(
    "headline_numbers", "seed-reviews", "Numbers that the seed reviews state of their evidence.",
    (
        _id("review_id", "the seed review"),
        _id("statement_id", "identifier"),
        _text("what", "what is counted", required=True),
        _text("value", "number as stated"), _text("unit", "unit"), _text("scope", "scope"),
        _text("how_to_recompute", "in words, how it is recomputed or why it cannot be"),
        _text("numbers", "the numbers of `value`, where that is more than one number", many=True),
        _word("relation", "`value` is a bound: recomputed numbers on this side of it agree",
              "headline_relation"),
        _word("indication", "indication of the table, where it has one", "seed_indication"),
        _word("table", "table that is counted, each row with the columns of its study and arm",
              "headline_table"),
        _text("refs", "only studies that the review cites under these numbers, as 21-34",
              many=True),
        _text("where", "rows that are counted, as a pandas query"),
        _word("compute", "what is computed of the rows", "headline_compute"),
        _text("column", "column, or expression of columns, that is computed"),
        _text("of", "rows of which a share is computed, as a pandas query"),
        _word("why_not", "why it cannot be recomputed", "headline_why_not"),
    ),
    key=("statement_id",),
    foreign_keys=(REVIEW,),
)

ABOUT = Table(
    "about", "", "What the review says of itself: name, licences, and how it is kept alive.",
    (
        _id("key", "what is stated"),
        _text("value", "the statement, in our own words", required=True),
    ),
    key=("key",),
    optional=True,
)

# What a living review states of itself (PRISMA-LSR, item L1), and how it is called.
LIVING_MODE = {
    "search-schedule": "Search", "screening-schedule": "Screening",
    "extraction-schedule": "Data collection", "bias-schedule": "Risk of bias",
    "analysis-schedule": "Analysis", "certainty-schedule": "Certainty",
    "publication-schedule": "Publication", "update-rule": "What triggers a version",
    "retirement-plan": "Retirement from the living mode", "protocol": "Protocol",
}

FLOW = Table(
    "flow", "", "Searches of our own: one row per search, or per reason of exclusion in it.",
    (
        Column("date", "day of the search", type="date", required=True),
        _text("source", "database, registry or site that was searched", required=True),
        _text("query", "the query as it was run"),
        _count("hits", "records found", unit="records"),
        _count("screened", "records screened", unit="records"),
        _count("excluded", "records excluded for the reason", unit="records"),
        _text("reason", "reason of the exclusion"),
    ),
    key=("date", "source", "query", "reason"),
    optional=True,
)

# Not a table of a data folder: what `import` applies to the rows of one, and writes down in the
# changelog.
CORRECTIONS = Table(
    "corrections", "", "Corrections of single cells, and rows to add, each with its source.",
    (
        _text("file", "file of the row, such as studies.csv", required=True),
        _text("key", "the row: its identifying columns, separated by |", required=True),
        _text("column", "the column; (new row) adds the row that `new` holds", required=True),
        _text("old", "what stands there; empty is an empty cell"),
        _text("new", "what is to stand there"),
        _text("source", "the source in which the new value was read", required=True),
        _locator,
        _text("reason", "why", required=True),
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
_FRICTIONLESS_TYPE = {"identifier": "string", "integer": "integer", "number": "number",
                      "date": "date", "string": "string"}


def _field(column: Column) -> dict:
    """The Table Schema field of a column; the words of a list stay in ``vocabularies.csv``."""
    constraints = {}
    if column.required:
        constraints["required"] = True
    if column.minimum is not None:
        constraints["minimum"] = column.minimum
    if column.maximum is not None:
        constraints["maximum"] = column.maximum
    if column.type == "identifier":
        constraints["pattern"] = f"{IDENTIFIER}(?:;{IDENTIFIER})*" if column.many else IDENTIFIER
    out = {"name": column.name, "type": _FRICTIONLESS_TYPE[column.type],
           "description": column.description}
    for key, value in (("unit", column.unit), ("vocabulary", column.vocabulary),
                       ("separator", ";" if column.many else None)):
        if value:
            out[key] = value
    if constraints:
        out["constraints"] = constraints
    return out


def _resource(table: Table, indication: str, hashes: Mapping[str, str]) -> dict:
    """The resource of one file. Keys over several values in a cell have no Table Schema form."""
    prefix = f"{indication}-" if table.folder == "indication" else ""
    schema = {"fields": [_field(c) for c in table.columns], "missingValues": [""]}
    # Table Schema forbids an empty cell in a primary key; ours may hold one (a visit not printed).
    if table.key and all(table.column(name).required for name in table.key):
        schema["primaryKey"] = list(table.key)
    foreign = []
    for key in table.foreign_keys:
        if any(table.column(name).many for name in key.columns):
            continue
        target = BY_NAME[key.table]
        name = key.table if target is not table else ""
        foreign.append({"fields": list(key.columns), "reference": {
            "resource": (prefix if target.folder == "indication" else "") + name if name else "",
            "fields": list(key.to)}})
    if foreign:
        schema["foreignKeys"] = foreign
    path = table.path(indication)
    known = {"hash": hashes[path]} if path in hashes else {}
    return {"name": f"{prefix}{table.name}".replace("_", "-"), "path": path,
            "description": table.description, "profile": "tabular-data-resource",
            "format": "csv", "mediatype": "text/csv", "encoding": "utf-8", **known,
            "schema": schema}


def datapackage(indications: list[str], present: set[str], title: str = "A review",
                version: str = "", hashes: Mapping[str, str] | None = None) -> dict:
    """The Frictionless data package of a data folder.

    Parameters
    ----------
    indications : list of str
        Folders of indications, in the order of the vocabulary.
    present : set of str
        Paths that exist; a file of an optional table that is absent is left out.
    title : str, optional
        Of the review.
    version : str, optional
        Date of the data.
    hashes : mapping of str to str, optional
        Of each file by path.
    """
    resources = []
    for table in TABLES:
        for indication in indications if table.folder == "indication" else [""]:
            if not table.optional or table.path(indication) in present:
                resources.append(_resource(table, indication, hashes or {}))
    for resource in resources:
        for key in resource["schema"].get("foreignKeys", []):
            key["reference"]["resource"] = key["reference"]["resource"].replace("_", "-")
    return {
        "name": "-".join(re.findall("[a-z0-9]+", title.lower())),
        "title": f"The data of: {title}",
        **({"version": version} if version else {}),
        "profile": "tabular-data-package",
        "licenses": [{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0",
                      "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": resources,
    }


def codebook() -> list[dict]:
    """One row per column of every table, for the codebook page and ``codebook.csv``."""
    return [
        {"table": table.name, "column": c.name, "type": c.type,
         "required": "yes" if c.required else "", "key": "yes" if c.name in table.key else "",
         "several_values": "yes" if c.many else "", "unit": c.unit or "",
         "minimum": "" if c.minimum is None else f"{c.minimum:g}",
         "maximum": "" if c.maximum is None else f"{c.maximum:g}",
         "vocabulary": c.vocabulary or "", "description": c.description}
        for table in TABLES for c in table.columns
    ]
