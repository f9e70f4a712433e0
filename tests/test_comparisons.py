"""Which arms are compared, and as what (section 4 of the protocol, "Comparisons")."""

from __future__ import annotations

import pytest
from made_up import DATA, KNEE, World

from livingreview.data import dataset
from livingreview.effects import Evidence, comparisons, treatment_class
from livingreview.effects.comparisons import any_order, resolved_arms

PINNED = {
    "placebo": "emadedin-2018 garza-2020 khalifeh-soltani-2019 kim-2023 kuah-2018 lee-2019 "
               "sadri-2023 shapiro-2017",
    "hyaluronic-acid": "chen-2021 goncars-2017 ho-2022 lu-2019 matas-2019 vega-2015 zhang-2022",
    "platelet-rich-plasma": "anz-2020 baria-2022",
    "conservative-or-none": "freitag-2019 garay-mendoza-2018 sadat-ali-2021",
    "same-co-treatment": "gupta-2016 lamo-espinosa-2016 lamo-espinosa-2020",
}
PINNED_TRIALS = [(trial, kind) for kind, trials in PINNED.items() for trial in trials.split()]


@pytest.fixture(scope="module")
def knee() -> Evidence:
    return Evidence(dataset.load(DATA), KNEE)


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def of(world: World) -> dict[tuple[str, str], tuple[str, tuple[str, ...], int]]:
    """Class, background and rule of every pair."""
    return {(c.treated_arm, c.comparator_arm): (c.kind, c.background, c.rule)
            for c in comparisons(world.data(), KNEE)}


# --- the trials of the Cochrane analysis data ---------------------------------------------------


def test_the_pins_are_24_trials():
    assert len(PINNED_TRIALS) + 1 == 24  # and the `msc` arm of bastos-2020


@pytest.mark.parametrize("trial, kind", PINNED_TRIALS)
def test_pinned_trial(knee, trial, kind):
    found = {c.kind for c in knee.comparisons
             if c.study_id == trial and c.kind != "other-interventions"}
    assert found == {kind}


def test_pinned_bastos(knee):
    found = {c.kind for c in knee.comparisons if c.study_id == "bastos-2020"
             and c.treated_arm == "msc" and c.kind != "other-interventions"}
    assert found == {"corticosteroid"}


@pytest.mark.parametrize("trial, background", [
    ("gupta-2016", ("hyaluronic-acid",)), ("lamo-espinosa-2016", ("hyaluronic-acid",)),
    ("lamo-espinosa-2020", ("platelet-rich-plasma",))])
def test_the_same_co_treatment_is_named(knee, trial, background):
    assert {c.background for c in knee.comparisons
            if c.study_id == trial and c.kind != "other-interventions"} == {background}


def test_every_pair_of_the_project_has_a_known_class_and_rule(knee):
    data = knee.data
    known = set(data.words("comparison_class"))
    for indication in data.indications:
        for c in comparisons(data, indication):
            assert c.kind in known and 1 <= c.rule <= 6, c
    assert known == {*any_order(data), "other-interventions"}


# --- the rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [
    {"cells": "bone-marrow-concentrate"},
    {"cells": "cultured-msc", "role": "comparator"},
    {"comparator": "other-intervention"},
    {"comparator": "saline", "treatment_source": "adipose"},
])
def test_rule_1_two_cell_arms_are_never_cells_against_control(world, second):
    world.study("a-2020").arm("a-2020", "msc", cells="cultured-msc")
    world.arm("a-2020", "second", **second)
    assert of(world) == {("msc", "second"): ("other-interventions", (), 1)}
    assert Evidence(world.data(), KNEE).contests("any") == {}


def test_rule_1_a_comparator_of_other_cells_is_a_cell_arm_against_placebo(world):
    world.trial("a-2020").arm("a-2020", "other", "other-intervention")
    found = of(world)
    assert found["other", "control"] == ("placebo", (), 4)
    assert found["msc", "other"][0] == "other-interventions"


def test_rule_1_holds_whatever_the_role(world):
    world.study("a-2020").arm("a-2020", "x", cells="cultured-msc", role="comparator")
    world.arm("a-2020", "y", "saline", role="intervention")
    assert of(world) == {("x", "y"): ("placebo", (), 4)}


CASES = [  # comparator's type, its co-treatments, those of the cell arm; class, background, rule
    # rule 3: the same co-treatment, named by what the cell arm got
    ("hyaluronic-acid", "", "hyaluronic-acid", ("same-co-treatment", ("hyaluronic-acid",), 3)),
    ("saline", "hyaluronic-acid", "hyaluronic-acid",
     ("same-co-treatment", ("hyaluronic-acid",), 3)),
    ("surgery-alone", "core-decompression", "core-decompression",
     ("same-co-treatment", ("core-decompression",), 3)),
    ("platelet-rich-plasma", "arthroscopy", "arthroscopy;platelet-rich-plasma",
     ("same-co-treatment", ("arthroscopy", "platelet-rich-plasma"), 3)),
    # rule 4: by the comparator's type
    ("saline", "", "", ("placebo", (), 4)),
    ("vehicle", "", "", ("placebo", (), 4)),
    ("sham", "", "", ("placebo", (), 4)),
    ("hyaluronic-acid", "", "", ("hyaluronic-acid", (), 4)),
    ("corticosteroid", "", "", ("corticosteroid", (), 4)),
    ("platelet-rich-plasma", "", "", ("platelet-rich-plasma", (), 4)),
    ("conservative", "", "", ("conservative-or-none", (), 4)),
    ("untreated", "", "", ("conservative-or-none", (), 4)),
    ("", "", "", ("not-stated", (), 4)),
    ("hyaluronic-acid", "arthroscopy", "arthroscopy", ("hyaluronic-acid", ("arthroscopy",), 4)),
    # rule 5: an operation or graft that the cell arm lacks
    ("surgery-alone", "arthroscopy", "", ("another-operation", (), 5)),
    ("surgery-alone", "core-decompression;bone-graft", "core-decompression",
     ("another-operation", ("core-decompression",), 5)),
    ("", "autograft", "", ("another-operation", (), 5)),
    # rule 6: all else
    ("saline", "", "hyaluronic-acid", ("with-another-treatment", ("hyaluronic-acid",), 6)),
    ("hyaluronic-acid", "", "platelet-rich-plasma",
     ("with-another-treatment", ("platelet-rich-plasma",), 6)),
    ("saline", "", "arthroscopy", ("with-another-treatment", ("arthroscopy",), 6)),
    ("saline", "corticosteroid", "", ("with-another-treatment", (), 6)),
    # usual care counts on neither side
    ("conservative", "rehabilitation;exercise", "", ("conservative-or-none", (), 4)),
    ("saline", "physical-therapy", "occupational-therapy", ("placebo", (), 4)),
    ("surgery-alone", "core-decompression", "core-decompression;physiotherapy",
     ("same-co-treatment", ("core-decompression",), 3)),
]


@pytest.fixture(scope="module")
def classified(tmp_path_factory) -> dict[str, tuple]:
    """Every case as a trial of one folder."""
    world = World(tmp_path_factory.mktemp("cases"))
    for number, (comparator, control, given, _) in enumerate(CASES):
        study = f"case-{number}"
        world.study(study).arm(study, "msc", cells="cultured-msc", cointervention=given)
        world.arm(study, "control", comparator, cointervention=control)
    return {c.study_id: (c.kind, c.background, c.rule) for c in comparisons(world.data(), KNEE)}


@pytest.mark.parametrize("number", range(len(CASES)))
def test_rules_3_to_6(classified, number):
    assert classified[f"case-{number}"] == CASES[number][-1], CASES[number]


def test_a_new_word_for_a_comparator_follows_its_kind(world):
    for value, kind in (("needle", "placebo"), ("leeches", "other")):
        world.add("vocabularies", list="comparator_type", value=value, kind=kind, label_en=value,
                  label_zh=value)
    world.trial("a-2020", "needle").trial("b-2020", "leeches")
    assert [(c.kind, c.rule) for c in comparisons(world.data(), KNEE)] == [
        ("placebo", 4), ("with-another-treatment", 6)]


def test_only_some_classes_ask_for_no_co_treatment(world):
    world.study("a-2020")
    world.arm("a-2020", "msc", cells="cultured-msc", cointervention="arthroscopy")
    world.arm("a-2020", "ha", "hyaluronic-acid", cointervention="arthroscopy")
    world.arm("a-2020", "op", "surgery-alone", cointervention="arthroscopy;microfracture")
    ev = world.evidence()
    assert ev.contests("hyaluronic-acid") == {}  # "with C in both arms": not in this pool
    assert list(ev.contests("another-operation")) == ["a-2020"]
    kinds = [alternative[0].kind for alternative in ev.contests("any")["a-2020"]]
    assert kinds == ["hyaluronic-acid", "another-operation"]


def test_a_sham_operated_animal_is_a_reference(world):
    world.trial("a-2020", "sham", design="animal-experiment").arm("a-2020", "vehicle", "vehicle")
    assert of(world) == {("msc", "vehicle"): ("placebo", (), 4)}


# --- unions -------------------------------------------------------------------------------------


def test_a_union_inherits_what_is_empty_in_it_and_equal_in_its_parts(world):
    world.study("a-2020")
    world.arm("a-2020", "low", cells="cultured-msc", provider="allogeneic", dose=1,
              cointervention="hyaluronic-acid", carrier="saline")
    world.arm("a-2020", "high", cells="cultured-msc", provider="allogeneic", dose=9,
              cointervention="hyaluronic-acid", carrier="plasma", n_allocated=25)
    world.add("arms", study_id="a-2020", arm_id="both", role="intervention", source_id="own",
              combines="low;high", treatment_source="adipose")
    world.arm("a-2020", "ha", "hyaluronic-acid")
    both = resolved_arms(world.data(), KNEE)["a-2020", "both"]
    assert both["cointervention"] == ("hyaluronic-acid",)
    assert both["provider"] == "allogeneic"
    assert both["treatment_source"] == "adipose"  # stated in the union: stays
    assert both["dose"] is None and both["carrier"] is None  # the parts differ
    assert both["n_allocated"] == 45
    found = of(world)
    assert found["both", "ha"][0] == "same-co-treatment"
    assert not any({"both"} < set(pair) and pair != ("both", "ha") for pair in found)


def test_a_union_with_a_part_of_unknown_size_has_no_size(world):
    world.study("a-2020").arm("a-2020", "x", cells="cultured-msc")
    world.arm("a-2020", "y", cells="cultured-msc", n_allocated="")
    world.arm("a-2020", "both", cells="cultured-msc", combines="x;y", n_allocated="")
    assert resolved_arms(world.data(), KNEE)["a-2020", "both"]["n_allocated"] is None


# --- cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source, product, expected", [
    ("bone-marrow", "cultured-msc", "expanded"), ("adipose", "precursor-cell", "expanded"),
    ("bone-marrow", "bone-marrow-concentrate", "minimally-processed"),
    ("bone-marrow", "bone-marrow-mononuclear", "minimally-processed"),
    ("adipose", "stromal-vascular-fraction", "minimally-processed"),
    ("adipose", "microfragmented-fat", "minimally-processed"),
    ("bone-marrow", "differentiated-cell", "apart"),
    ("umbilical-cord", "extracellular-vesicles", "apart"),
    ("neural", "cultured-msc", "apart"), ("peripheral-blood", None, "apart"),
    ("adipose", None, "not-stated"), (None, None, "not-stated"), ("adipose", "none", "not-stated"),
])
def test_class_of_cells(knee, source, product, expected):
    assert treatment_class(knee.data, {"treatment_source": source,
                                       "treatment_product": product}) == expected


# --- odd but valid folders ----------------------------------------------------------------------


def test_no_studies_no_comparisons(world):
    assert of(world) == {}


def test_a_study_without_arms_or_with_one_has_no_comparison(world):
    world.study("a-2020").study("b-2020").arm("b-2020", "msc", cells="cultured-msc")
    world.study("c-2020").arm("c-2020", "x", "saline").arm("c-2020", "y", "untreated")
    assert of(world) == {}


def test_only_arms_that_differ_in_dose_or_number_are_one_group(world):
    world.study("a-2020").arm("a-2020", "control", "saline")
    world.arm("a-2020", "low", cells="cultured-msc", dose=1, administrations=1)
    world.arm("a-2020", "twice", cells="cultured-msc", dose=1, administrations=2)
    world.arm("a-2020", "in-ha", cells="cultured-msc", carrier="hyaluronic acid")
    world.arm("a-2020", "other-donor", cells="cultured-msc", provider="allogeneic")
    world.arm("a-2020", "svf", cells="stromal-vascular-fraction")
    world.arm("a-2020", "by-vein", cells="cultured-msc", route="intravenous")
    (alternative,) = world.evidence().contests("placebo")["a-2020"]
    assert {c.intervention.arms for c in alternative} == {
        ("low", "twice"), ("in-ha",), ("other-donor",), ("svf",), ("by-vein",)}
