"""Identifiers as people and programs write them, and records that could be taken for one."""

from __future__ import annotations

import pytest

from livingreview.surveillance import files
from livingreview.surveillance.files.shape import doi_in, family_of
from livingreview.surveillance.record import doi_of, registrations_in, year_of


@pytest.mark.parametrize("said", [
    "10.1016/S0140-6736(20)30183-5", "doi:10.1016/s0140-6736(20)30183-5",
    "DOI 10.1016/S0140-6736(20)30183-5.", "https://www.doi.org/10.1016/S0140-6736(20)30183-5",
    "doi.org/10.1016%2FS0140-6736(20)30183-5", "info:doi/10.1016/S0140-6736(20)30183-5",
    "10.1016/S0140-6736(20)30183-5 [doi]", "10.1016/S0140-6736(20)30183-5),"])
def test_a_doi_is_one_however_it_is_written(said):
    assert doi_of(said) == "10.1016/s0140-6736(20)30183-5"


@pytest.mark.parametrize("address", [
    "https://journal.example/doi/10.1234/abc/full", "https://journal.example/doi/pdf/10.1234/abc",
    "https://journal.example/doi/10.1234/abc?role=tab#sec", "see (doi:10.1234/abc)",
    "https://journal.example/fulltext?doi=10.1234/abc&page=1"])
def test_a_doi_ends_where_the_rest_of_an_address_begins(address):
    assert doi_in(address) == "10.1234/abc"


@pytest.mark.parametrize("said, number", [
    ("NCT01234567", "NCT01234567"), ("nct 01234567", "NCT01234567"),
    ("NCT-01234567", "NCT01234567"),
    ("ＮＣＴ０１２３４５６７", "NCT01234567"),
    ("ChiCTR 1800012345", "ChiCTR1800012345"), ("chictr-TRC-13003512", "ChiCTR-TRC-13003512"),
    ("EudraCT number: 2010-018535-16", "EudraCT 2010-018535-16"),
    ("ACTRN 12613000123456", "ACTRN12613000123456"), ("JPRN-UMIN000012345", "UMIN000012345"),
    ("ISRCTN No. 12345678", "ISRCTN12345678")])
def test_a_registration_is_one_however_it_is_written(said, number):
    assert registrations_in(f"made up ({said}).") == (number,)


def test_a_number_of_another_length_is_no_registration():
    assert registrations_in("NCT012345678 and INCT01234567") == ()
    assert registrations_in("NCT01234567NCT01234568") == ("NCT01234567", "NCT01234568")


def test_years():
    assert [year_of(t) for t in ("20190512", "２０２０年", "12345678", "2019///")] == [
        2019, 2020, None, 2019]


@pytest.mark.parametrize("written, family", [
    ("LU Y", "LU"), ("Doe J Jr", "Doe"), ("Doe, J", "Doe"), ("J. Doe", "Doe"), ("王伟", "王伟")])
def test_family_names(written, family):
    assert family_of(written) == family


def _ris(*records: str) -> bytes:
    return "".join(f"TY  - JOUR\n{r}ER  - \n" for r in records).encode()


def test_abstracts_that_share_the_doi_of_their_supplement_are_all_there():
    found = files.read(_ris(*(f"TI  - Made-up abstract {n}\nDO  - 10.1234/supplement\n"
                              for n in (1, 2, 3))), "a.ris", "embase")
    assert [r.title[-1] for r in found.records] == ["1", "2", "3"] and not found.repeated
    again = files.read(_ris("TI  - Made-up abstract 2\nDO  - 10.1234/supplement\n"), "b.ris",
                       "embase")
    assert again.records[0].number == found.records[1].number


def test_two_reports_with_one_title_and_year_are_both_there():
    same = "TI  - Cells\nAU  - Doe, J\nPY  - 2020\n"
    found = files.read(_ris(f"{same}JO  - Knees\nVL  - 1\n", f"{same}JO  - Hips\nVL  - 9\n",
                            f"{same}JO  - Hips\nVL  - 9\n"), "a.ris", "other")
    assert [r.journal for r in found.records] == ["Knees", "Hips"] and found.repeated == 1


def test_a_number_that_two_records_of_a_file_bear_loses_neither():
    found = files.read(_ris("TI  - Knees\nAN  - CN-01234567\n", "TI  - Hips\nAN  - CN-01234567\n"),
                       "a.ris", "central")
    assert [r.title for r in found.records] == ["Knees", "Hips"]
    assert len({r.number for r in found.records}) == 2


def test_what_covidence_counts_names_no_record_of_another_review():
    header = "Title,Authors,Published Year,DOI,Covidence #\n"
    one, other = (files.read(f"{header}{title},Doe J,2020,,#12\n".encode(), "a.csv", "other")
                  for title in ("Cells in knees", "Cells in discs"))
    assert one.records[0].number != other.records[0].number


def test_identifiers_of_what_a_letter_comments_on_are_not_its_own():
    letter, = files.read(_ris("TI  - A letter\nN1  - Comment on: doi: 10.1234/trial PMID: 12345678"
                              "\n"), "a.ris", "embase").records
    assert (letter.doi, letter.pmid) == ("", "")
    own, = files.read(_ris("TI  - A trial\nN1  - PMID: 12345678\nUR  - https://doi.org/10.1234/T\n"),
                      "a.ris", "embase").records
    assert (own.doi, own.pmid) == ("10.1234/t", "12345678")
