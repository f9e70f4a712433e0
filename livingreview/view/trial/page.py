"""The page of a trial: what it was, every number read in it, and where each number counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...review import Review
from ...review.certainty import judged_low
from ..base import Label, View, label
from ..sources import Link
from ..unused import Unused
from . import cautions, effects, facts, values
from . import notices as watching
from .index import INDEX
from .known import Known, every


class TrialPage(View, template="trial"):
    """The page of a study."""

    name: str
    title: str
    indication: Label
    chapter: str
    index: str
    warnings: tuple[cautions.Warned, ...]
    notices: watching.Notices
    facts: facts.Facts
    stated: facts.Stated | None  # what the report concludes
    says: tuple[values.Says, ...]
    arms: tuple[facts.TrialArm, ...]
    outcomes: tuple[values.Group, ...]
    contrasts: tuple[values.Group, ...]
    events: tuple[values.Group, ...]
    effects: tuple[effects.Effect, ...]
    absent: tuple[effects.Absent, ...]
    unused: Unused | None  # why no analysis uses the study
    # numbers of this report that are analysed on the page of the main one
    elsewhere: tuple[Link, ...]
    judgements: tuple[cautions.Judgement, ...]
    judged_low: bool
    # the main report of the same patients, on whose page the numbers analysed are
    main: Link | None
    reports: tuple[tuple[Link, str], ...]  # later reports of the same patients with their titles


def _page(known: Known, study_id: str) -> TrialPage:
    study, main = known.ev.studies[study_id], known.ev.trial_of(study_id)
    stated = known.label("stated_result", study["stated_result"])
    return TrialPage(
        name=known.names[study_id], title=study["title"] or "",
        indication=label(known.data, "indication", known.indication),
        chapter=known.addresses.chapter(known.indication), index=INDEX,
        warnings=tuple(cautions.warnings(known, study)), notices=watching.notices(
            known.data, known.ev.notices.get(study_id, ()), known.watches.get(study_id, ())),
        facts=facts.facts(known, study),
        stated=facts.Stated(stated, known.source(study["stated_result_source_id"]))
        if stated else None,
        says=values.says(known, study_id), arms=facts.arms(known, study_id),
        outcomes=values.groups(known, "outcomes", study_id),
        contrasts=values.groups(known, "contrasts", study_id),
        events=values.groups(known, "adverse_events", study_id),
        effects=effects.effects(known, study_id), absent=effects.absent(known, study_id),
        unused=known.unused.why(study_id), elsewhere=effects.elsewhere(known, study_id, main),
        judgements=cautions.judgements(known, study_id),
        judged_low=judged_low(known.ev, study_id),
        main=known.link(main) if main != study_id else None,
        reports=tuple((known.link(s), row["title"] or "") for s, row in known.ev.studies.items()
                      if s != study_id and s != main and known.ev.trial_of(s) == main))


def trial_pages(review: Review,
                only: Sequence[str] = ()) -> Iterator[tuple[str, str, TrialPage]]:
    """The page of every study of every indication, or of some.

    Parameters
    ----------
    review : Review
    only : sequence of str, optional
        Indications; all where it is left out.

    Yields
    ------
    (str, str, TrialPage)
        Study, indication, page.
    """
    for known in every(review, only):
        for study_id in known.ev.studies:
            yield study_id, known.indication, _page(known, study_id)
