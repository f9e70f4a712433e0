"""What each data table is: one declaration for validation, codebook and ``datapackage.json``.

What tables and columns mean stands in ``columns.csv``; `codebook` reads it.
"""

from __future__ import annotations

from .declaring import (
    DOI,
    PMID,
    REGISTRATION,
    URL,
    Column,
    ForeignKey,
    Table,
    count,
    identifier,
    number,
    word,
)
from .living import TABLES as LIVING

SOURCE = ForeignKey(("source_id",), "sources", ("source_id",))
STUDY = ForeignKey(("study_id",), "studies", ("study_id",))
ARM = ForeignKey(("study_id", "arm_id"), "arms", ("study_id", "arm_id"))
REVIEW = ForeignKey(("review_id",), "reviews", ("review_id",))

_source_id = identifier("source_id")
_locator = Column("locator")
_note = Column("note")
_study_id = identifier("study_id")
_months = number("timepoint_months", minimum=0)
_ci_low = number("ci_low")
_ci_high = number("ci_high")
_favours = word("favours")
_scale_max_reported = number("scale_max")

SOURCES = Table(
    "sources", "indication",
    (
        identifier("source_id"),
        word("kind", "source_kind", required=True),
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
        identifier("study_id"),
        Column("title"),
        Column("first_author"),
        Column("year", type="integer", minimum=1950, maximum=2100),
        Column("journal"),
        Column("doi", form=DOI),
        Column("pmid", form=PMID),
        Column("registration", many=True, form=REGISTRATION),
        Column("country", many=True),
        word("design"),
        word("blinding"),
        word("species"),
        count("n_enrolled"),
        word("unit"),
        count("n_patients"),
        number("followup_months", minimum=0),
        word("allocation"),
        number("comparable_until_months", minimum=0),
        Column("population"),
        word("condition"),
        Column("companion_of", type="identifier"),
        Column("cited_by", many=True, form=r"[a-z0-9-]+:[\w-]+"),
        word("status"),
        word("progress"),
        Column("status_source_id", type="identifier"),
        word("stated_result"),
        Column("stated_result_source_id", type="identifier"),
        word("randomised", "yes"),
        word("funding"),
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
        identifier("arm_id"),
        word("role", required=True),
        Column("label"),
        word("treatment_source"),
        word("treatment_product"),
        word("provider"),
        number("dose", minimum=0),
        word("dose_per"),
        count("administrations"),
        word("route", many=True),
        Column("carrier"),
        word("cointervention", many=True),
        word("comparator_type"),
        count("n_allocated"),
        count("n_patients"),
        number("age_mean", minimum=0),
        number("age_sd", minimum=0),
        count("female_n"),
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
        identifier("arm_id"),
        word("outcome", required=True),
        Column("instrument"),
        number("scale_min"),
        number("scale_max"),
        word("better"),
        _months,
        word("statistic", required=True),
        count("n"),
        number("mean"),
        number("sd", minimum=0),
        number("se", minimum=0),
        _ci_low, _ci_high,
        number("median"),
        number("q1"),
        number("q3"),
        number("min"),
        number("max"),
        count("events"),
        count("total"),
        number("percent", minimum=0, maximum=100),
        word("quality"),
        word("rescaled", "yes"),
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
        identifier("arm_intervention"),
        identifier("arm_comparator"),
        word("outcome", required=True),
        Column("instrument"),
        _months,
        word("measure"),
        _favours, _scale_max_reported,
        number("estimate"),
        _ci_low, _ci_high,
        number("se", minimum=0),
        Column("p_value"),
        word("quality"),
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
        identifier("arm_id"),
        word("event", required=True),
        count("events"),
        count("total"),
        number("percent", minimum=0, maximum=100),
        word("count"),
        number("months", minimum=0),
        word("quality", optional=True),
        _source_id, _locator, _note,
    ),
    # Two rows for one arm and event may be two sources that disagree: a warning, hence no key.
    foreign_keys=(STUDY, ARM, SOURCE),
)

RISK_OF_BIAS = Table(
    "risk_of_bias", "indication",
    (
        _study_id,
        word("tool", required=True),
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
        identifier("review_id"),
        Column("title"),
        Column("doi", form=DOI),
        word("outcome"),
        Column("population"),
        Column("comparison"),
        _months,
        word("measure"),
        _favours, _scale_max_reported,
        count("k"),
        count("n"),
        word("k_scope"),
        number("estimate"),
        _ci_low, _ci_high,
        number("i2_percent", minimum=0, maximum=100),
        Column("model"),
        word("unit"),
        _source_id, _locator, _note,
    ),
    foreign_keys=(SOURCE,),
)

DOUBLE_EXTRACTION = Table(
    "double_extraction", "indication",
    (
        _study_id,
        identifier("arm_id"),
        word("outcome", required=True),
        _months,
        Column("field", required=True),
        number("first"),
        number("second"),
        _source_id,
    ),
    key=("study_id", "arm_id", "outcome", "timepoint_months", "field", "source_id"),
    foreign_keys=(STUDY, ARM, SOURCE),
    optional=True,
)

OWN_NAMES = Table(
    "own_names", "",
    (
        Column("kind", required=True),
        Column("of"),
        Column("name", required=True),
        Column("own", required=True),
    ),
    key=("kind", "of", "name"),
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
        word("outcome", required=True),
        word("indication"),
        Column("label_en", required=True),
        Column("label_zh", required=True),
        word("family", required=True),
        Column("direction"),
        number("scale_min"),
        number("scale_max"),
        number("mcid", minimum=0),
        Column("mcid_unit"),
        Column("mcid_population"),
        Column("mcid_source"),
    ),
    key=("outcome", "indication"),
)

SCALES = Table(
    "scales", "",
    (
        word("outcome", required=True),
        Column("form", many=True),
        number("scale_min", required=True),
        number("scale_max", required=True),
        word("fixed", "yes"),
        Column("steps", type="integer", minimum=1),
        Column("source", required=True),
        _note,
    ),
    key=("outcome", "form", "scale_min", "scale_max"),
    optional=True,
)

METRICS = Table(
    "metrics", "",
    (
        word("outcome", required=True),
        word("metric", "metric", required=True),
        Column("forms", many=True),
        number("norm_mean"),
        number("norm_sd", minimum=0),
        number("scale_min"),
        number("scale_max"),
        Column("source", required=True),
        _note,
    ),
    key=("outcome", "metric"),
    optional=True,
)

DOUBTS = Table(
    "doubts", "",
    (
        word("indication", required=True),
        word("table", "doubt_table", required=True),
        identifier("study_id"),
        Column("arm_id", type="identifier"),
        Column("item", type="identifier"),
        number("timepoint_months", minimum=0),
        word("rule", "doubt_rule", required=True),
        Column("finding", required=True),
        word("decision", "doubt_decision", required=True),
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
        word("indication", required=True),
        identifier("study_id"),
        identifier("other_study_id"),
        word("kind", "overlap_kind", required=True),
        Column("reason"),
        Column("rule"),
        word("action", "overlap_action", required=True),
        Column("keep", type="identifier"),
    ),
    key=("indication", "study_id", "other_study_id"),
)

HIERARCHY = Table(
    "hierarchy", "",
    (
        word("family", required=True),
        Column("position", type="integer", minimum=1, required=True),
        word("outcome", required=True),
    ),
    key=("family", "outcome"),
)

ANALYSES = Table(
    "analyses", "",
    (
        identifier("analysis_id"),
        word("indication", required=True),
        Column("title", required=True),
        word("section", "analysis_section", required=True),
        word("role", "analysis_role", required=True),
        word("target_type", required=True),
        Column("target", type="identifier", required=True),
        Column("instrument_contains"),
        word("measure", required=True),
        number("window_from", minimum=0),
        number("window_to", minimum=0),
        word("comparison", "analysis_comparison", required=True),
        word("favourable", "better", required=True),
        word("rescale", "yes"),
        Column("studies", type="identifier", many=True),
        word("qualities", "quality", many=True),
        word("tau2_method"),
        word("interval", "interval_method"),
        Column("note"),
        word("background", "cointervention"),
        word("condition", many=True),
        word("products", "treatment_product", many=True),
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
        word("indication", required=True),
        Column("position", type="integer", minimum=1, required=True),
        identifier("analysis_id"),
        word("role", "shown_role", required=True),
        Column("note"),
    ),
    key=("analysis_id",),
    foreign_keys=(ForeignKey(("analysis_id",), "analyses", ("analysis_id",)),),
    optional=True,
)

GLOSSARY = Table(
    "glossary", "",
    (
        identifier("term"),
        word("kind", "glossary_kind", required=True),
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
        identifier("rule_id"),
        word("domain", "certainty_domain", required=True),
        number("threshold"),
        Column("unit"),
        Column("levels", type="integer", required=True),
        Column("rule", required=True),
    ),
    key=("rule_id",),
)

PRIORS = Table(
    "priors", "",
    (
        word("measure", required=True),
        word("rescale", "yes"),
        word("family", "prior_family", required=True),
        number("scale"),
        number("share"),
        number("df"),
        number("location"),
        Column("source", required=True),
        Column("note"),
    ),
    key=("measure", "rescale"),
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
        identifier("review_id"),
        Column("title_en"), Column("title_zh"),
        Column("authors"), Column("journal"),
        Column("year", type="integer", minimum=1950, maximum=2100),
        Column("doi", form=DOI),
        Column("language"), Column("review_type"),
        word("indications", "indication", many=True),
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
        identifier("review_id"),
        Column("ref_number", required=True),
        Column("authors"),
        Column("year", type="integer", minimum=1900, maximum=2100),
        Column("title"), Column("journal"),
        Column("volume_pages"),
        Column("doi", form=DOI),
        word("kind", "reference_kind"),
        word("indication", "seed_indication", many=True), _note,
    ),
    key=("review_id", "ref_number"),
    foreign_keys=(REVIEW,),
)

CLAIMS = Table(
    "claims", "seed-reviews",
    (
        identifier("claim_id"),
        identifier("review_id"),
        Column("section"),
        word("indication", "seed_indication"),
        word("kind", "claim_kind", required=True),
        Column("claim_en", required=True),
        Column("claim_zh", required=True),
        Column("quantity"),
        Column("outcome"),
        word("direction", "claim_direction"),
        Column("cited_refs", many=True),
        word("checkable", required=True),
        word("conclusion", "yes"), _note,
    ),
    key=("claim_id",),
    foreign_keys=(REVIEW,),
)

VERDICTS = Table(
    "verdicts", "seed-reviews",
    (
        identifier("claim_id"),
        word("verdict", required=True),
        word("basis_type"),
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
        identifier("mechanism_id"),
        word("indication", "seed_indication"),
        Column("mechanism"), Column("mediator"),
        Column("effect"),
        word("direction", "mechanism_direction"),
        Column("treatment"),
        identifier("review_id"),
        Column("cited_refs", many=True),
    ),
    key=("mechanism_id",),
    foreign_keys=(REVIEW,),
)

VALIDATION_STUDIES = Table(
    "validation_studies", "seed-reviews",
    (
        identifier("review_id"),
        Column("institution"), Column("title_en"),
        Column("title_zh"), Column("journal"),
        Column("year", type="integer", minimum=1950, maximum=2100),
        Column("cited_ref", required=True),
        Column("treatment_source"), Column("product"),
        Column("model"), Column("key_effect"),
    ),
    key=("review_id", "cited_ref"),
    foreign_keys=(REVIEW,),
)

HEADLINE_NUMBERS = Table(
    "headline_numbers", "seed-reviews",
    (
        identifier("review_id"),
        identifier("statement_id"),
        Column("what", required=True),
        Column("value"), Column("unit"), Column("scope"),
        Column("how_to_recompute"),
        Column("numbers", many=True),
        word("relation", "headline_relation"),
        word("indication", "seed_indication"),
        word("table", "headline_table"),
        Column("refs", many=True),
        Column("where", rule=True),
        word("compute", "headline_compute"),
        Column("column", rule=True),
        Column("of", rule=True),
        word("why_not", "headline_why_not"),
    ),
    key=("statement_id",),
    foreign_keys=(REVIEW,),
)

ABOUT = Table(
    "about", "",
    (
        identifier("key"),
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
# What it states of its searches where no other table holds it (PRISMA-S).
SEARCH_STATED = ("search-contacts", "search-other", "search-limits", "search-filters",
                 "search-prior-work")

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
    ABOUT, *LIVING,
    SOURCES, STUDIES, ARMS, OUTCOMES, CONTRASTS, ADVERSE_EVENTS, RISK_OF_BIAS,
    PUBLISHED_SYNTHESES, DOUBLE_EXTRACTION, VOCABULARIES, OWN_NAMES, INSTRUMENTS, SCALES, METRICS,
    COHORT_OVERLAPS, DOUBTS, HIERARCHY, ANALYSES, MAIN_WINDOWS, GLOSSARY, CERTAINTY_RULES, PRIORS,
    CHANGELOG, AUDITS, REVIEWS, REFERENCES, CLAIMS, VERDICTS, MECHANISMS, VALIDATION_STUDIES,
    HEADLINE_NUMBERS,
)
BY_NAME = {table.name: table for table in TABLES}
