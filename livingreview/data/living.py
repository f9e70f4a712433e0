"""The tables that keep the review alive: searches, records, screening, notices and watches.

They hold what commands of surveillance have written; they are empty until somebody runs those.
"""

from __future__ import annotations

from .declaring import DOI, PMID, REGISTRATION, Column, ForeignKey, Table, count, identifier, word

SHA256 = r"[0-9a-f]{64}"
STUDY_OF = r"[a-z0-9-]+:[a-z0-9-]+"  # indication:study_id
SOURCE_ID = r"[a-z0-9-]+:\S.*"  # source:number
RECORD = ForeignKey(("record_id",), "records", ("record_id",))

_indication = word("indication", required=True)
_study_id = identifier("study_id")

LIVING = Table(
    "living", "",
    (
        word("source", "search_source", required=True),
        _indication,
        Column("schedule_days", type="integer", minimum=1, required=True),
        word("run_by", required=True),
    ),
    key=("source", "indication"),
    optional=True,
)

SEARCHES = Table(
    "searches", "",
    (
        identifier("search_id"),
        Column("date_run", type="date", required=True),
        word("source", "search_source", required=True),
        Column("platform", required=True),
        _indication,
        Column("strategy_sha256", form=SHA256),
        Column("window_from", type="date"),
        Column("window_to", type="date"),
        Column("translation"),
        count("hits"),
        count("fetched"),
        count("new"),
        word("state", "search_state", required=True),
        Column("reason"),
        Column("run_by"),
        Column("tool_version"),
        Column("raw_sha256", form=SHA256),
    ),
    key=("search_id",),
    optional=True,
)

RECORDS = Table(
    "records", "",
    (
        identifier("record_id"),
        Column("source_ids", many=True, required=True, form=SOURCE_ID),
        word("indications", "indication", many=True, required=True),
        Column("doi", form=DOI),
        Column("pmid", form=PMID),
        Column("registrations", many=True, form=REGISTRATION),
        Column("title"),
        Column("first_author"),
        Column("year", type="integer", minimum=1800, maximum=2100),
        Column("journal"),
        Column("volume"),
        Column("pages"),
        word("kind", "record_kind", required=True),
        identifier("first_seen"),
        identifier("cluster"),
        Column("match", many=True, form=STUDY_OF),
        word("match_kind"),
    ),
    key=("record_id",),
    foreign_keys=(
        ForeignKey(("first_seen",), "searches", ("search_id",)),
        ForeignKey(("cluster",), "records", ("record_id",)),
    ),
    optional=True,
)

DUPLICATES = Table(
    "duplicates", "",
    (
        identifier("record_id"),
        identifier("other_record_id"),
        Column("score", type="number", minimum=0, maximum=100, required=True),
        Column("rule", required=True),
        word("decision", "duplicate_decision"),
        Column("reviewer"),
        Column("date", type="date"),
    ),
    key=("record_id", "other_record_id"),
    foreign_keys=(RECORD, ForeignKey(("other_record_id",), "records", ("record_id",))),
    optional=True,
)

SCREENING = Table(
    "screening", "",
    (
        identifier("record_id"),
        word("stage", "screening_stage", required=True),
        Column("reviewer", required=True),
        word("decision", "screening_decision", required=True),
        word("reason", "exclusion_reason"),
        Column("date", type="date", required=True),
        Column("rank", type="integer", minimum=1),
        Column("model"),
    ),
    key=("record_id", "stage", "reviewer"),
    foreign_keys=(RECORD,),
    optional=True,
)

NOTICES = Table(
    "notices", "",
    (
        _indication,
        _study_id,
        word("kind", "notice_kind", required=True),
        Column("notice_doi", form=DOI),
        Column("notice_pmid", form=PMID),
        Column("notice_date", type="date"),
        word("sources", "watch_source", many=True, required=True),
        Column("first_seen", type="date", required=True),
        word("state", "notice_state", required=True),
        Column("handled_how"),
    ),
    key=("indication", "study_id", "kind", "notice_doi", "notice_pmid"),
    optional=True,
)

WATCHES = Table(
    "watches", "",
    (
        _indication,
        _study_id,
        word("source", "watch_source", required=True),
        Column("checked_on", type="date", required=True),
        word("result", "watch_result", required=True),
        Column("reason"),
    ),
    key=("indication", "study_id", "source"),
    optional=True,
)

REGISTRATIONS = Table(
    "registrations", "",
    (
        Column("registration", required=True, form=REGISTRATION),
        Column("status", required=True),
        Column("started"),
        Column("primary_completion"),
        Column("completion"),
        word("completion_is", "completion_kind"),
        word("has_results", "yes"),
        Column("results_first_posted", type="date"),
        Column("last_update_posted", type="date"),
        count("enrolment"),
        word("source", "watch_source", required=True),
        Column("checked_on", type="date", required=True),
    ),
    key=("registration",),
    optional=True,
)

REGISTRY_MAPPINGS = Table(
    "registry_mappings", "",
    (
        Column("registration", required=True, form=REGISTRATION),
        word("part", "registry_part", required=True),
        Column("title", required=True),
        word("decision", "registry_decision", required=True),
        Column("arm_id", type="identifier"),
        Column("item", type="identifier"),
        Column("instrument"),
        Column("scale_min", type="number"),
        Column("scale_max", type="number"),
        word("better"),
        word("statistic"),
        Column("reviewer", required=True),
        Column("date", type="date", required=True),
        Column("reason"),
    ),
    key=("registration", "part", "title"),
    optional=True,
)

# What commands write: each of its rows says when and by what.
WRITTEN = (SEARCHES, RECORDS, DUPLICATES, SCREENING, NOTICES, WATCHES, REGISTRATIONS,
           REGISTRY_MAPPINGS)
TABLES = (LIVING, *WRITTEN)
