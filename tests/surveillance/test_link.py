"""Which records are the same report, and which are of a known study. All records are made up."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from itertools import combinations

import pytest

from livingreview.data.dataset import examine
from livingreview.surveillance import link
from livingreview.surveillance.likeness import (
    family_of,
    first_page,
    markers_in,
    numbers_in,
    plain,
)
from livingreview.surveillance.link import Decided
from livingreview.surveillance.record import Record

TITLE = "Marrow cells in worn knees of gardeners: a made-up trial of two doses"
BASE = Record("pubmed", "1", title=TITLE, first_author="Garner A", year=2020, volume="7",
              pages="101-109", doi="10.1234/base", pmid="11")
OTHER = replace(BASE, source="embase", number="E1", doi="", pmid="")


def tier(one: Record, other: Record) -> str:
    """The tier of two records, or an empty text; the same in both orders."""
    found, again = link.pairs([one, other]), link.pairs([other, one])
    assert found == again
    assert len(found) <= 1
    return found[0].tier if found else ""


# What differs in the second record, and what the two are.
PAIRS = {
    # one identifier, like titles
    "doi": ({"doi": BASE.doi, "volume": "", "pages": ""}, "certain"),
    "pmid": ({"pmid": "11", "volume": "", "pages": "", "title": TITLE.upper() + "."}, "certain"),
    "doi as an address": ({"doi": "https://doi.org/10.1234/BASE", "pages": ""}, "certain"),
    "publisher's mark": ({"doi": BASE.doi, "title": "RETRACTED: " + TITLE}, "certain"),
    "marked article": ({"doi": BASE.doi, "title": "Retracted Article: " + TITLE}, "certain"),
    "next year": ({"doi": BASE.doi, "year": 2021}, "certain"),
    "pages shortened": ({"doi": BASE.doi, "pages": "101-9"}, "certain"),
    # one identifier, but something speaks against
    "other pmid": ({"doi": BASE.doi, "pmid": "12"}, "proposed"),
    "other doi": ({"pmid": "11", "doi": "10.1234/other"}, "proposed"),
    "other page": ({"doi": BASE.doi, "pages": "230-239"}, "proposed"),
    "much later": ({"doi": BASE.doi, "year": 2024}, "proposed"),
    "other author": ({"doi": BASE.doi, "first_author": "Weber K"}, "proposed"),
    "erratum with the article's doi": ({"doi": BASE.doi, "title": "Erratum to: " + TITLE},
                                       "proposed"),
    "correction with the article's doi": ({"doi": BASE.doi, "title": "Correction: " + TITLE},
                                          "proposed"),
    "notice by kind": ({"doi": BASE.doi, "kind": "notice"}, "proposed"),
    "part with the same doi": ({"doi": BASE.doi, "title": TITLE + ". Part II"}, "proposed"),
    "translated": ({"pmid": "11", "title": "Knochenmark im Knie von Leuten mit Garten"},
                   "proposed"),
    "supplement's doi": ({"doi": BASE.doi, "title": "Sleep of bakers in winter: a survey by post"},
                         ""),
    # no identifier
    "at the page": ({}, "certain"),
    "typing error at the page": ({"title": TITLE.replace("gardeners", "gardenrs")}, "certain"),
    "some words at the page": ({"title": TITLE.replace("a made-up", "a big")},
                               "proposed"),
    "no page": ({"pages": ""}, "proposed"),
    "no author": ({"pages": "", "first_author": ""}, "proposed"),
    "full name": ({"first_author": "Garner, Anna"}, "certain"),
    "year beside": ({"year": 2021}, "proposed"),
    "no year": ({"year": None}, "proposed"),
    "other volume": ({"volume": "8"}, "proposed"),
    "preprint": ({"kind": "preprint", "doi": "10.9999/pre", "pages": "", "volume": ""},
                 "proposed"),
    "accents": ({"title": TITLE.replace("gardeners", "gärdeners")}, "certain"),
    # two reports
    "other numbers": ({"title": TITLE.replace("two", "three")}, ""),
    "erratum": ({"title": "Erratum to: " + TITLE, "pages": "310", "year": 2021}, ""),
    "retraction": ({"title": "Retraction: " + TITLE, "pages": "310"}, ""),
    "protocol": ({"title": TITLE + ": study protocol", "pages": "310", "year": 2019}, ""),
    "author's reply": ({"title": TITLE + ": authors' reply", "pages": "310"}, ""),
    "follow-up": ({"title": TITLE + ": long-term follow-up", "pages": "310"}, ""),
    "congress two years before": ({"year": 2018, "pages": "S12"}, ""),
    "other author, no identifier": ({"first_author": "Weber K"}, ""),
    "two DOIs at two pages": ({"doi": "10.1234/other", "pages": "230"}, ""),
    "two PMIDs": ({"pmid": "12", "pages": ""}, ""),
    "registration of the trial": ({"kind": "registration", "number": "NCT00000001",
                                   "source": "clinicaltrials", "pages": "", "volume": ""}, ""),
}


@pytest.mark.parametrize(("changed", "expected"), PAIRS.values(), ids=PAIRS)
def test_two_records_are_certain_proposed_or_two_reports(changed, expected):
    assert tier(BASE, replace(OTHER, **changed)) == expected


@pytest.mark.parametrize(("one", "other"), [
    ("Part I: " + TITLE, "Part II: " + TITLE),
    (TITLE + " (part 1)", TITLE + " (part 2)"),
    (TITLE + ": phase I", TITLE + ": phase II"),
    (TITLE + ": 12-month results", TITLE + ": 24-month results"),
    (TITLE + ": one year", TITLE + ": five years"),
    (TITLE, "Protocol of " + TITLE),
])
@pytest.mark.parametrize("shared", [{}, {"doi": "10.1234/base"}, {"pmid": "11"}])
def test_siblings_are_never_merged_silently_whatever_they_share(one, other, shared):
    first, second = replace(OTHER, title=one, **shared), replace(OTHER, title=other, number="E2",
                                                                 **shared)
    assert tier(first, second) != "certain"


def test_a_title_that_many_have_needs_an_identifier_or_a_person():
    one = Record("pubmed", "1", title="Editorial", year=2020, volume="1", pages="1")
    assert tier(one, replace(one, source="embase", number="2")) == "proposed"
    assert tier(one, replace(one, source="embase", number="2", pages="")) == ""


def test_one_registration_alone_makes_companions_never_duplicates():
    records = [replace(BASE, registrations=("NCT00000001",)),
               Record("embase", "2", title="What gardeners say five years later",
                      registrations=("NCT00000001", "ISRCTN00000001"))]
    assert link.pairs(records) == ()
    assert link.companions(records) == {"NCT00000001": ("embase:2", "pubmed:1")}


def test_one_entry_of_a_registry_is_the_same_from_two_sources():
    one = Record("clinicaltrials", "NCT00000001", "registration", title=TITLE, year=2019)
    assert tier(one, replace(one, source="ictrp", year=2023)) == "certain"
    assert tier(one, replace(one, source="ictrp", number="ISRCTN00000001")) == ""
    assert tier(one, replace(one, source="ictrp", title="Cells for knees")) == "proposed"


def test_two_records_of_a_source_with_one_number_are_one():
    records = [BASE, replace(BASE, title="Another title altogether, as revised later")]
    assert link.pairs(records) == ()
    assert link.cluster(records, ()) == {"pubmed:1": "pubmed:1"}


def test_a_record_without_identifiers_joins_no_two_reports_that_have_them():
    records = [BASE, OTHER, replace(BASE, source="europe-pmc", number="9", doi="10.1234/other",
                                    pmid="12")]
    found = link.pairs(records)
    assert sorted(p.tier for p in found) == ["certain", "proposed", "proposed"]
    heads = link.cluster(records, link.settled(found))
    assert heads["pubmed:1"] != heads["europe-pmc:9"]


def test_a_pair_says_what_it_shares_and_how_like_the_titles_are():
    (pair,) = link.pairs([BASE, replace(OTHER, doi=BASE.doi)])
    assert pair == link.Pair("embase:E1", "pubmed:1", 100, "certain", "doi")
    assert {p.rule for p in link.pairs([BASE, replace(OTHER, pages="")])} == {"title"}
    assert {p.rule for p in link.pairs([BASE, OTHER])} == {"title at page"}


def many(seed: int, n: int = 120) -> list[Record]:
    """Made-up records with duplicates, in an order by chance."""
    draw = random.Random(seed)
    words = [f"{a}{b}" for a in ("mar", "cor", "ten", "lig", "ost") for b in ("ra", "eum", "on")]
    found = [Record("pubmed", str(i), title=" ".join(draw.choices(words, k=9)),
                    first_author=draw.choice(("Wang L", "Kim S", "Garner A")),
                    year=draw.randint(2018, 2021), volume="3", pages=str(draw.randint(1, 40)),
                    doi=f"10.1234/{i}") for i in range(n)]
    for i, record in enumerate(draw.sample(found, n // 2)):
        title = list(record.title)
        title[draw.randrange(len(title))] = "x"
        found.append(replace(record, source="embase", number=str(i), title="".join(title),
                             doi=draw.choice((record.doi, "")),
                             pages=draw.choice((record.pages, ""))))
    draw.shuffle(found)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_records_changes_neither_pairs_nor_clusters(seed):
    records = many(seed)
    pairs = link.pairs(records)
    assert sum(p.tier == "certain" for p in pairs) > 20
    assert sum(p.tier == "proposed" for p in pairs) > 5
    again = random.Random(seed).sample(records, len(records))
    assert link.pairs(again) == pairs

    def groups(of):
        heads = link.cluster(of, link.settled(pairs))
        return {frozenset(k for k in heads if heads[k] == head) for head in heads.values()}

    assert groups(records) == groups(again)


@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_the_transitive_closure_and_named_by_their_first_record(seed):
    records = many(seed)
    decided = link.settled(link.pairs(records))
    heads = link.cluster(records, decided)
    assert set(heads) == {r.source_id for r in records}
    assert all(heads[d.first] == heads[d.other] for d in decided)
    order = {r.source_id: i for i, r in enumerate(records)}
    for key, head in heads.items():
        assert heads[head] == head
        assert order[head] <= order[key]


def test_blocks_lose_no_pair_that_comparing_all_with_all_finds():
    records = many(9, 40)
    each = {p for one, other in combinations(records, 2) for p in link.pairs([one, other])}
    assert set(link.pairs(records)) == each


def test_ten_thousand_records_with_like_titles_take_seconds():
    """In seconds of the processor; a hundred thousand are to take less than a minute."""
    records = [Record("embase", str(i), title=f"Made-up trial {i} of cells in knees of gardeners",
                      first_author=f"Name{i % 90}", year=2000 + i % 26, doi=f"10.1234/{i}",
                      volume=str(i % 50), pages=str(i)) for i in range(10_000)]
    records.extend(replace(r, source="central", doi="") for r in records[:100])
    begun = time.process_time()
    assert len(link.pairs(records)) == 100
    assert time.process_time() - begun < 6


def test_a_short_title_in_chinese_tells_a_report():
    one = Record("pubmed", "1", title="骨髓细胞治疗膝关节炎的试验", year=2020)
    assert tier(one, replace(one, source="other", number="2")) == "proposed"


KEYS = [Record("pubmed", str(i)) for i in range(5)]
ID = [r.source_id for r in KEYS]


def test_what_a_person_called_the_same_is_one_and_different_stays_apart():
    said = (Decided(ID[0], ID[1]), Decided(ID[1], ID[2]), Decided(ID[0], ID[2], "different"))
    heads = link.cluster(KEYS, said)
    assert heads[ID[0]] == heads[ID[1]] != heads[ID[2]]
    said = (Decided(ID[0], ID[4], "companion"), Decided(ID[0], ID[1]), Decided(ID[3], ID[4]),
            Decided(ID[1], ID[3]))
    heads = link.cluster(KEYS, said)
    assert heads[ID[0]] == heads[ID[1]] != heads[ID[3]] == heads[ID[4]]


def test_a_person_overrules_a_certain_pair():
    records = [BASE, OTHER]
    pairs = link.pairs(records)
    assert len(set(link.cluster(records, link.settled(pairs)).values())) == 1
    said = [Decided(OTHER.source_id, BASE.source_id, "different")]
    assert len(set(link.cluster(records, link.settled(pairs, said)).values())) == 2


def test_proposals_merge_nothing_until_a_person_says_so():
    records = [BASE, replace(OTHER, pages="")]
    pairs = link.pairs(records)
    assert [p.tier for p in pairs] == ["proposed"]
    assert len(set(link.cluster(records, link.settled(pairs)).values())) == 2
    said = [Decided(pairs[0].first, pairs[0].other)]
    assert len(set(link.cluster(records, link.settled(pairs, said)).values())) == 1


def test_texts_are_compared_in_one_spelling():
    assert plain("TGF-β<sub>1</sub>  in the Knee — “naïve” cells") == \
        "tgf beta 1 in the knee naive cells"
    assert plain("[Zellen im Knie].") == "zellen im knie"
    assert numbers_in(plain("Phase I/II trial, part B, of 2-year results")) == ("1", "2", "b", "2")
    assert numbers_in("type ii and type 2") == ("2", "2")
    assert numbers_in("vitamin c and i in a knee") == ()
    assert markers_in("Correction of varus deformity") == frozenset()
    assert markers_in("Correction: varus") == {"notice"}
    assert markers_in("Design and rationale of a trial") == {"protocol"}
    assert family_of("van der Valk, E. S.") == "van der valk"
    assert family_of("García-Sancho J") == "garcia sancho"
    assert family_of("Anonymous") == ""
    assert (first_page("0221-8"), first_page("e44-e45"), first_page("S69"), first_page("NA")) == (
        "221", "e44", "s69", "")


@pytest.fixture(scope="module")
def known():
    """The studies of the project's own data."""
    return link.Known.of(examine())


def test_known_studies_are_found_by_doi_pmid_registration_and_title_in_that_order(known):
    doi = Record("pubmed", "1", doi="10.1186/S12967-016-0998-2", pmid="30064455",
                 registrations=("NCT01860417",))
    assert link.match(doi, known) == (("knee-osteoarthritis:lamo-espinosa-2016",), "doi")
    assert link.match(replace(doi, doi="10.1/none"), known) == (
        ("knee-osteoarthritis:lamo-espinosa-2018",), "pmid")
    studies, kind = link.match(replace(doi, doi="", pmid=""), known)
    assert kind == "registration"
    assert studies == ("disc-degeneration:noriega-2017",), "companions are left to their study"
    titled = Record("embase", "2", first_author="Noriega, D.", year=2018, title=(
        "Intervertebral Disc Repair by Allogeneic Mesenchymal Bone Marrow Cells - A Randomized "
        "Controlled Trial."))
    assert link.match(titled, known) == (("disc-degeneration:noriega-2017",), "title")


@pytest.mark.parametrize("changed", [
    {"year": 2020}, {"year": None}, {"first_author": "Weber K"},
    {"title": "Intervertebral disc repair by allogeneic mesenchymal cells: a controlled trial"},
    {"title": "Protocol: Intervertebral disc repair by allogeneic mesenchymal bone marrow cells: "
              "a randomized controlled trial"}])
def test_a_title_alone_matches_only_strictly(known, changed):
    record = Record("embase", "2", first_author="Noriega DC", year=2017, title=(
        "Intervertebral disc repair by allogeneic mesenchymal bone marrow cells: a randomized "
        "controlled trial"))
    assert link.match(record, known)[1] == "title"
    assert link.match(replace(record, **changed), known) == ((), "")


def test_an_abstract_that_bears_the_doi_of_its_supplement_is_not_the_study_of_that_doi(known):
    record = Record("embase", "1", "conference-abstract", "Something else of the same supplement",
                    doi="10.1186/s12967-016-0998-2")
    assert link.match(record, known) == ((), "")
    assert link.match(replace(record, kind="article"), known)[1] == "doi"


def test_a_registration_that_a_database_lists_under_a_number_of_its_own_is_the_same():
    title = "Made-up cells for the knees of people who were made up"
    own = Record("clinicaltrials", "NCT01234567", "registration", title,
                 registrations=("NCT01234567",))
    listed = replace(own, source="central", number="CN-01234567", first_author="NCT01234567")
    assert [(p.tier, p.rule) for p in link.pairs([own, listed])] == [
        ("certain", "registry number")]
    assert link.pairs([own, replace(listed, registrations=("NCT01234568",))]) == ()
    elsewhere = replace(listed, source="ictrp", number="NL1234")  # it names the other registration
    assert link.pairs([own, elsewhere]) == ()


CHINESE = Record("one", "1", title=(
    "间充质干细胞关节腔内注射治疗膝骨关节炎的"
    "随机双盲对照临床试验研究及其安全性分析"),
                 first_author="王", year=2020, volume="40", pages="290-297")


@pytest.mark.parametrize("title", [
    CHINESE.title.replace("膝", "髋"), f"{CHINESE.title}：第二部分", f"{CHINESE.title}（下）"])
def test_chinese_titles_that_differ_in_a_sign_are_never_merged_silently(title):
    first = replace(CHINESE, title=title.replace("二", "一").replace("下", "上"))
    other = replace(CHINESE, source="two", title=title)
    assert all(p.tier == "proposed" for p in link.pairs([
        first if first.title != title else CHINESE, other]))
    assert [p.tier for p in link.pairs([CHINESE, replace(CHINESE, source="two")])] == ["certain"]


@pytest.mark.parametrize("title", ["", "Cells injected into knees, a translated title",
                                   f"《{CHINESE.title}》勘误"])
def test_a_doi_with_no_title_another_language_or_a_notice_is_proposed(title):
    one = replace(CHINESE, doi="10.1234/x")
    assert [(p.tier, p.rule) for p in link.pairs([one, replace(one, source="two", title=title)])
            ] == [("proposed", "doi")]


def test_one_number_in_two_indications_matches_both(known):
    found = link.match(Record("clinicaltrials", "NCT01532076", "registration",
                              registrations=("NCT01532076",)), known)
    assert set(found[0]) == {"fracture-bone-defect:nct01532076", "osteoporosis:nct01532076"}
    assert found[1] == "registration"
