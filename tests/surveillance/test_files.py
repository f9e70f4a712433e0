"""Files that a person exported: their forms, their dialects, and what is broken in them.

All records are made up, in the forms that the programs write.
"""

from __future__ import annotations

import gzip

import pytest

from livingreview.surveillance import files
from livingreview.surveillance.files import FileError, ictrp, shape
from livingreview.surveillance.files.text import SHOWN, decoded

CENTRAL = """Provider: John Wiley & Sons, Ltd
Content:text/plain; charset="UTF-8"

TY  - JOUR
AN  - CN-01234567
AU  - Doe, J
AU  - Roe, R
TI  - Made-up cells against saline
  in the knee
T2  - Journal of Made-up Trials
PY  - 2021
VL  - 12
IS  - 3
SP  - 45
EP  - 52
C3  - PUBMED 31234567,EMBASE 2001234567
M3  - Journal article
DO  - 10.1234/Made.Up
UR  - https://www.cochranelibrary.com/central/doi/10.1002/central/CN-01234567/full
ER  -

TY  - JOUR
AN  - CN-07654321
TI  - A registered trial of made-up cells
PY  - 2023
C3  - CTgov NCT01234567
M3  - Trial registry record; Clinical trial protocol
UR  - https://www.cochranelibrary.com/central/doi/10.1002/central/CN-07654321/full
ER  -
"""
EMBASE = """TY  - JOUR
M3  - Conference Abstract
TI  - Made-up cells in the disc
A1  - Doe J.
A1  - Roe R.
Y1  - 2020///
VL  - 8
SP  - A12
JF  - Made-up Abstracts
AN  - L2001234567
DB  - Embase
C5  - 30123456
N2  - Trial NCT07654321, made up.
UR  - http://dx.doi.org/10.1234/supplement.8
ER  -
"""
ZOTERO = """TY  - JOUR
TI  - Made-up cells after <i>fracture</i> &amp; nonunion
AU  - van der Doe, Jane
T2  - Bone &amp; Cells
DA  - 2019/05/01/
PY  - 2019
DO  - 10.1234/zotero.1
SP  - 1
EP  - 9
AN  - 29123456
DB  - PubMed
N1  - Publisher: Nobody
ER  -

"""
RAYYAN = """TY  - JOUR
ID  - rayyan-123456789
TI  - Made-up cells in osteoporosis
AU  - Doe, Jane
Y1  - 2018/3//
N1  - RAYYAN-INCLUSION: {"Somebody"=>"Included"}
ER  -
"""
COVIDENCE = """TY  - JOUR
AU  - Doe, Jane
TI  - Made-up cells in the femoral head
JO  - Hips
PY  - 2017
U1  - 42
N1  - ISRCTN12345678
ER  -
"""
ENDNOTE = """TY  - THES
AU  - Doe, Jane
PY  - 2016
ID  - 7
ST  - Short
T1  - A thesis on made-up cells
SP  - 1-99
ER  -
"""


def _one(text, source="other"):
    (record,) = files.read(text.encode(), "export.txt", source).records
    return record


def test_central():
    found = files.read(CENTRAL.encode(), "export.txt", "central")
    trial, registered = found.records
    assert found.form == "RIS"
    assert trial.source_id == "central:CN-01234567"
    assert trial.title == "Made-up cells against saline in the knee"
    assert (trial.first_author, trial.year, trial.journal) == (
        "Doe", 2021, "Journal of Made-up Trials")
    assert (trial.volume, trial.pages, trial.doi, trial.pmid) == (
        "12", "45-52", "10.1234/made.up", "31234567")
    assert trial.kind == "article"
    assert (registered.kind, registered.doi, registered.pmid, registered.registrations) == (
        "registration", "", "", ("NCT01234567",))  # the address is CENTRAL's own, no article's


@pytest.mark.parametrize("text, expected", [
    (EMBASE, {"number": "L2001234567", "kind": "conference-abstract", "first_author": "Doe",
              "year": 2020, "journal": "Made-up Abstracts", "pages": "A12",
              "doi": "10.1234/supplement.8", "pmid": "30123456",
              "registrations": ("NCT07654321",)}),
    (ZOTERO, {"number": "29123456", "pmid": "29123456", "doi": "10.1234/zotero.1",
              "title": "Made-up cells after fracture & nonunion", "first_author": "van der Doe",
              "journal": "Bone & Cells", "pages": "1-9", "year": 2019}),
    (RAYYAN, {"number": "rayyan-123456789", "year": 2018, "pmid": ""}),
    (COVIDENCE, {"journal": "Hips", "registrations": ("ISRCTN12345678",), "year": 2017}),
    (ENDNOTE, {"kind": "thesis", "title": "A thesis on made-up cells", "pages": "1-99"}),
], ids=["embase", "zotero", "rayyan", "covidence", "endnote"])
def test_dialects_of_ris(text, expected):
    record = _one(text)
    assert {name: getattr(record, name) for name in expected} == expected


def test_a_record_without_a_number_has_the_same_one_in_every_export():
    again = COVIDENCE.replace("U1  - 42\n", "").replace("Made-up cells", "MADE-UP  CELLS")
    assert _one(COVIDENCE).number == _one(again).number
    assert _one(COVIDENCE).number != _one(COVIDENCE.replace("2017", "2018")).number


def test_an_accession_of_embase_is_no_number_at_pubmed():
    text = EMBASE.replace("C5  - 30123456\n", "").replace("L2001234567", "29123456")
    assert _one(text).pmid == ""


def test_tags_with_one_space_and_old_line_ends_are_read():
    text = RAYYAN.replace("  - ", " - ").replace("ER  -", "ER - ").replace("\n", "\r")
    assert _one(text) == _one(RAYYAN)


@pytest.mark.parametrize("break_, problems", [
    (lambda t: t.rstrip().removesuffix("ER  -"), ["22: the last record has no end (ER): the file "
                                                  "is cut on line 29"]),
    (lambda t: t.replace("ER  -\n\nTY", "\nTY"), [
        "4: this record has no end (ER) before the next begins on line 21: it is cut"]),
    (lambda t: t.replace("ER  -\n\nTY", "ER  -\nAB  - lost\nER  -\nTY"), [
        "21: AB outside of a record, expected TY", "22: ER outside of a record, expected TY"]),
    (lambda t: t.replace("ER  -\n\nTY", "ER  -\nlost text\nTY"), [
        "21: text outside of a record, expected TY"]),
    (lambda t: t + "TY  - JOUR\nPY  - 2020\nER  -\n", [
        "30: a record without title, DOI, number at PubMed and registration, expected one of "
        "them"]),
    (lambda t: t + "TY  - JOUR\nlost\nTI  - A title\nER  -\n", [
        "31: text before the first tag of a record, expected a tag"]),
], ids=["cut", "end", "outside", "text", "nothing", "untagged"])
def test_broken_ris_is_refused_by_line(break_, problems):
    with pytest.raises(FileError) as refused:
        files.read(break_(CENTRAL).encode(), "c.ris", "central")
    assert list(refused.value.problems) == [f"c.ris:{p}" for p in problems]


def test_ris_that_ovid_counts_is_read():
    text = "1. \n" + RAYYAN + "2.\n" + ENDNOTE
    assert len(files.read(text.encode(), "o.ris", "embase").records) == 2


NBIB = """
PMID- 31234567
OWN - NLM
DP  - 2021 Nov-Dec
TI  - Made-up cells against saline in the knee: a
      randomised trial.
PG  - 45-52
LID - S0000-0000(21)00001-1 [pii]
LID - 10.1234/made.up [doi]
AB  - A made-up abstract.
FAU - Doe, Jane
AU  - Doe J
PT  - Journal Article
PT  - Randomized Controlled Trial
SI  - ClinicalTrials.gov/NCT01234567
TA  - J Made Up
JT  - Journal of made-up trials
VI  - 12
SO  - J Made Up. 2021;12:45-52.

PMID- 32234567
TI  - Retraction: Made-up cells.
DP  - 2022
PT  - Retraction Notice
SO  - J Made Up. 2022;13:1.
"""


def test_pubmed():
    found = files.read(NBIB.encode(), "p.txt", "pubmed")
    trial, notice = found.records
    assert found.form == "PubMed"
    assert trial.title == "Made-up cells against saline in the knee: a randomised trial"
    assert (trial.source_id, trial.pmid, trial.doi, trial.year, trial.registrations) == (
        "pubmed:31234567", "31234567", "10.1234/made.up", 2021, ("NCT01234567",))
    assert (trial.first_author, trial.journal, trial.volume, trial.pages, trial.signals) == (
        "Doe", "Journal of made-up trials", "12", "45-52", ("Randomized Controlled Trial",))
    assert notice.kind == "notice"


@pytest.mark.parametrize("break_, problem", [
    (lambda t: t[:t.rindex("SO  -")], "21: the last record does not end with SO"),
    (lambda t: t.replace("PT  - Retraction", "lost Retraction"), "24: neither a tag"),
    (lambda t: t.replace("PMID- 32234567", "PMID- none"), "21: PMID 'none', expected a number"),
])
def test_broken_pubmed_is_refused_by_line(break_, problem):
    with pytest.raises(FileError, match=f"p.nbib:{problem}"):
        files.read(break_(NBIB).encode(), "p.nbib", "pubmed")


TRIAL = """  <Trial>
    <Internal_Number>{number}
    </Internal_Number>
    <TrialID>{id}
    </TrialID>
    <Last_Refreshed_on>24 August 2026
    </Last_Refreshed_on>
    <Public_title>Cells &amp;amp; knees
    </Public_title>
    <Scientific_title>  Made-up cells&#x0D;
      against &amp;lt;br&amp;gt;saline &lt;br&gt; in the knee<br>
    </Scientific_title>
    <Source_Register>ChiCTR
    </Source_Register>
    <Date_registration>{date}
    </Date_registration>
    <Date_registration3>{date3}
    </Date_registration3>
    <Study_type>Interventional study
    </Study_type>
    <Condition>knee osteoarthritis
    </Condition>
    <Secondary_ID>{other}
    </Secondary_ID>
    <results_yes_no>Yes
    </results_yes_no>
  </Trial>
"""


def _ictrp(*trials):
    ready = {"number": 1, "id": "ChiCTR2000012345", "date": "2020-02-03", "date3": "20200203",
             "other": "Nil&amp;#x0D;"}
    return ("<?xml version='1.0' encoding='UTF-8' ?>\n<Trials_downloaded_from_ICTRP>\n"
            + "".join(TRIAL.format(**ready | trial) for trial in trials)
            + "</Trials_downloaded_from_ICTRP>\n")


def test_ictrp_with_its_padding_breaks_and_dates():
    found = files.read(_ictrp(
        {"other": "NCT01234567; U1111-1234"}, {"id": "EUCTR2010-012345-67-DE", "date3": "",
                                               "date": "03/02/2011"},
        {"id": "JPRN-UMIN000012345", "date3": "", "date": ""}).encode(), "who", "ictrp")
    first, euctr, umin = found.records
    assert found.form == "ICTRP XML"
    assert first.title == "Made-up cells against saline in the knee"
    assert (first.source_id, first.kind, first.year) == (
        "ictrp:ChiCTR2000012345", "registration", 2020)
    assert first.registrations == ("ChiCTR2000012345", "NCT01234567")
    assert first.signals == ("ChiCTR", "Interventional study", "results")
    assert "knee osteoarthritis" in first.abstract
    assert (euctr.registrations, euctr.year) == (("EudraCT 2010-012345-67",), 2011)
    assert (umin.registrations, umin.year) == (("UMIN000012345",), None)


@pytest.mark.parametrize("text, day", [
    ("20200203", "2020-02-03"), ("2020-02-03", "2020-02-03"), ("03/02/2020", "2020-02-03"),
    ("2020-02-03 00:00:00", "2020-02-03"), ("20201303", ""), ("soon", "")])
def test_days_of_ictrp(text, day):
    assert ictrp.date_of(text) == day


@pytest.mark.parametrize("break_, problem", [
    (lambda t: t.replace("</Trials_downloaded_from_ICTRP>", ""),
     r":58: .* it ends before </Trials_downloaded_from_ICTRP>; the last whole Trial is number 2 "
     r"\(ChiCTR2\)"),
    (lambda t: t[:len(t) * 3 // 4], r":\d+: .* the file is cut: .*number 1 \(ChiCTR1\)"),
    (lambda t: t.replace("<Condition>knee", "<Condition>knee <b>"), r":24: .*no XML"),
    (lambda t: t.replace("<TrialID>ChiCTR2", "<TrialID>"),
     r":30: a Trial without TrialID, expected both"),
    (lambda t: t.replace("20200203", "2020").replace("2020-02-03", "2020"),
     r":3: ChiCTR1: registered on '2020', expected YYYYMMDD"),
    (lambda t: t.replace("?>\n", "?>\n<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>\n"),
     r":2: a DOCTYPE"),
], ids=["closing", "middle", "tags", "number", "date", "entity"])
def test_broken_ictrp_is_refused_by_place(break_, problem):
    text = break_(_ictrp({"id": "ChiCTR1"}, {"id": "ChiCTR2", "number": 2}))
    with pytest.raises(FileError, match=problem):
        files.read(text.encode(), "who.xml", "ictrp")


def test_every_trial_that_is_wrong_is_named():
    text = _ictrp({"id": ""}, {"id": "", "number": 2}, {"id": "ChiCTR3"})
    with pytest.raises(FileError) as refused:
        files.read(text.encode(), "who.xml", "ictrp")
    assert [p.split(": ")[0] for p in refused.value.problems] == ["who.xml:3", "who.xml:30"]


ASREVIEW = """record_id,title,authors,abstract,year,doi,asreview_label
1,Made-up cells in the knee,"Doe, J., Roe, R.",An abstract,2021,https://doi.org/10.1234/AB,1
2,"Made-up cells, again","Poe, P.",,,,0
"""
EPPI = """ItemId;Title;Authors;Year;ParentTitle;Volume;Pages;DOI;TypeName
501;Made-up cells;Doe J.;2020;Knees;3;1-9;10.1234/eppi;Journal, Article
"""
COVIDENCE_CSV = """Title,Authors,Published Year,Journal,Volume,Accession Number,DOI,Covidence #
Made-up cells,"Doe, Jane; Roe, Richard",2019,Hips,2,CN-01234567,,#12
"""
RAYYAN_CSV = """key,title,authors,year,volume,pages,journal,abstract,doi,pubmed_id
rayyan-1,Made-up cells,"Jane Doe and Richard Roe",2018,1,2,Spines,,,31234567
"""
ICTRP_CSV = """TrialID,Last Refreshed on,Public title,Scientific title,Date registration3,Condition
CTRI/2020/01/012345,1 May 2026,Knees,Made-up cells in knees,20200113,knee
"""


@pytest.mark.parametrize("text, expected", [
    (EPPI, {"number": "501", "first_author": "Doe", "journal": "Knees", "doi": "10.1234/eppi"}),
    (COVIDENCE_CSV, {"number": "CN-01234567", "first_author": "Doe", "year": 2019}),
    (RAYYAN_CSV, {"number": "rayyan-1", "first_author": "Doe", "pmid": "31234567"}),
    (ICTRP_CSV, {"number": "CTRI/2020/01/012345", "kind": "registration", "year": 2020,
                 "registrations": ("CTRI/2020/01/012345",), "title": "Made-up cells in knees"}),
], ids=["eppi", "covidence", "rayyan", "ictrp"])
def test_tables(text, expected):
    record = _one(text)
    assert {name: getattr(record, name) for name in expected} == expected


def test_asreview():
    first, second = files.read(ASREVIEW.encode(), "a.csv", "other").records
    assert (first.number, first.doi, first.first_author, first.year) == (
        "10.1234/ab-907f243d", "10.1234/ab", "Doe", 2021)
    assert second.number.startswith("text-")


def test_broken_tables_are_refused_with_every_row():
    text = ASREVIEW + "3,too,few\n" + ",,,,,,\n4,,,,,,\n"
    with pytest.raises(FileError) as refused:
        files.read(text.encode(), "a.csv", "other")
    assert list(refused.value.problems) == [
        "a.csv:4: 3 cells, expected 7, as the header has",
        "a.csv:6: a record without title and number, expected one of them"]
    with pytest.raises(FileError, match="a.csv:3: broken quoting"):
        files.read(ASREVIEW.replace('again"', 'again').encode(), "a.csv", "other")


def test_the_form_is_seen_in_the_content_and_not_in_the_name():
    assert files.read(CENTRAL.encode(), "wrong.xml", "central").form == "RIS"


@pytest.mark.parametrize("content, said", [
    (b"", "the file is empty"), (b"\xef\xbb\xbf \r\n", "the file is empty"),
    (b"%PDF-1.7 ...", "this is a PDF"), (gzip.compress(b"x", mtime=0), "this is a gzip archive"),
    (b"PK\x03\x04 ...", "this is a ZIP archive"),
    (b"<!DOCTYPE html><html>Log in</html>", "a web page"),
    (b"<PubmedArticleSet></PubmedArticleSet>", "XML of PubMed"),
    (b"<xml></xml>", "XML of another kind"), (b'{"a": 1}', "JSON"),
    (b"@article{doe,\n title={x}}", "BibTeX"), (b"FN Clarivate", "Web of Science"),
    (b"%0 Journal Article", "EndNote"), (b"Record #1 of 2\n", "Cochrane"),
    (b"study_id,arm_id\nx,y\n", "another form"), (b"some words", "another form"),
    (_ictrp().encode(), "no record in this file"),
])
def test_what_is_no_export_is_named(content, said):
    with pytest.raises(FileError, match=f"^file: .*{said}"):
        files.read(content, "file", "other")


WITH_UMLAUT = RAYYAN.replace("Doe, Jane", "Dö\u00e9, Jané")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                      "latin-1", "cp1252", "utf-32"])
def test_encodings_are_decided(encoding):
    text = WITH_UMLAUT if encoding != "cp1252" else WITH_UMLAUT.replace("Made-up", "Made\u2013up")
    (record,) = files.read(text.encode(encoding), "e.ris", "other").records
    assert record.first_author == "Döé"


def test_chinese_is_read_in_its_own_encoding():
    text = ENDNOTE.replace("A thesis on made-up cells", "间充质干细胞治疗膝骨关节炎的虚构研究")
    (record,) = files.read(text.encode("gb18030"), "cnki.ris", "other").records
    assert record.title == "间充质干细胞治疗膝骨关节炎的虚构研究"


@pytest.mark.parametrize("content, problems", [
    (WITH_UMLAUT.encode() + WITH_UMLAUT.encode("latin-1"), ["11: byte 8 of the line is no UTF-8"]),
    (WITH_UMLAUT.encode("utf-16") + b"\n", ["byte 315: no UTF-16-LE"]),
    (WITH_UMLAUT.encode() + RAYYAN.encode("utf-16-le"), ["8: character 2 is a NUL"]),
    (RAYYAN.replace("cells", "ce\x0blls").replace("Jane", "J\x1fane").encode(),
     ["3: character 17 is the control character U+000B",
      "4: character 13 is the control character U+001F"]),
], ids=["latin", "cut", "utf16", "control"])
def test_mixed_encodings_and_control_characters_are_refused_by_place(content, problems):
    with pytest.raises(FileError) as refused:
        files.read(content, "e.ris", "other")
    for problem in problems:
        assert any(problem in found for found in refused.value.problems), refused.value.problems


def test_many_problems_are_counted():
    with pytest.raises(FileError) as refused:
        decoded(b"\x01\n" * 100, "x")
    assert len(refused.value.problems) == 100
    assert str(refused.value).splitlines()[SHOWN:] == ["and 80 more such problems"]


def test_a_number_that_comes_twice_is_one_record():
    found = files.read((CENTRAL + CENTRAL).encode(), "c.ris", "central")
    assert (len(found.records), found.repeated) == (2, 2)


@pytest.mark.parametrize("name, family", [
    ("Doe, Jane", "Doe"), ("Doe J", "Doe"), ("Doe J.K.", "Doe"), ("van der Doe J", "van der Doe"),
    ("Jane Doe", "Doe"), ("J. Doe", "Doe"), ("Made-up Group", "Group"), ("", ""),
    ("张三", "张三")])
def test_family_names(name, family):
    assert shape.family_of(name) == family
