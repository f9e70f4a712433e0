"""What the rows of a data package say of which arm, where a trial stands in several of them.

A review that compares several arms of a trial with one control divides the patients of that
control between its rows, so that nobody counts twice in its pool. Here they are one arm again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..data.tables import BY_NAME
from .files import same

EXPERIMENTAL, CONTROL = 0, 1  # places in `Comparison.said`
WHOLE, DIVIDED = "whole", "divided"  # what the list says of an arm that stands in several rows
_KEY = ("arm_id", "arm_intervention", "arm_comparator", "outcome", "event", "instrument",
        "timepoint_months", "months", "statistic", "measure")
_SIZES = ("n", "events", "total")
_VALUES = ("mean", "sd", "estimate", "se")


@dataclass(frozen=True)
class Said:
    """What a row of a package says of one arm, or, as an effect, of two."""

    table: str
    cells: dict[str, str]
    names: dict[str, str]  # what the package calls a column
    note: str = ""

    @property
    def key(self) -> tuple:
        """By what two of them are of one thing."""
        table = BY_NAME[self.table]
        return (self.table, *(same(table, name, self.cells[name]) for name in _KEY
                              if self.cells.get(name)))

    def numbers(self, names: tuple[str, ...]) -> tuple:
        """Its numbers, to be compared."""
        return tuple(_number(self.cells.get(name, "")) for name in names)


@dataclass(frozen=True)
class Comparison:
    """A row of a package with what the list says of it.

    Attributes
    ----------
    place : str
    study : str
        Identifier.
    name : str
        Of the study in the package.
    analysis, part : str
        Number of the analysis, and its name with its subgroup.
    footnote : str
    entry : dict
        The line of the list.
    row : dict
    said : tuple of Said
        Of the experimental and of the control arm, or of both.
    arms : tuple of str
        The experimental and the control arm.
    arm_notes : dict
        By arm, what tells it from the others of the trial.
    """

    place: str
    study: str
    name: str
    analysis: str
    part: str
    footnote: str
    entry: dict[str, str]
    row: dict[str, str]
    said: tuple[Said, ...]
    arms: tuple[str, str] = ("", "")
    arm_notes: dict[str, str] = field(default_factory=dict)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def placed(comparisons: list[Comparison]) -> tuple[list[Comparison], list[str], list[str]]:
    """Every comparison with its arms, each thing that is said of an arm once.

    Parameters
    ----------
    comparisons : list of Comparison

    Returns
    -------
    list of Comparison
        Those of which it is known what they say.
    list of str
        What cannot be placed, and why.
    list of str
        What was done to place the others.
    """
    groups, numbers = defaultdict(list), defaultdict(dict)
    for one in comparisons:
        groups[one.part, one.study, one.entry.get("only_row", "")].append(one)
    out, passed, remarks = [], [], []
    for group in groups.values():
        if len(group) == 1:
            out += group
        elif (shared := _shared(group)) is None:
            passed.append(f"{_places(group)}: {group[0].name} stands {len(group)} times in "
                          f"{group[0].part}, and its values do not show which arm the rows "
                          "share: name each in a line of the list (only_study, only_row)")
        else:
            apart = list(_told_apart(group, 1 - shared, numbers))
            arms = ", ".join(c.said[1 - shared].cells["arm_id"] for c in apart)
            remarks.append(f"{_places(group)}: {group[0].name} stands {len(group)} times in "
                           f"{group[0].part} and shares its arm "
                           f"{group[0].said[shared].cells['arm_id']}: {arms} are arms of one "
                           "trial")
            out += apart
    order = {one.place: i for i, one in enumerate(comparisons)}
    settled, more, added = _settled(sorted(out, key=lambda one: order[one.place]))
    return settled, passed + more, remarks + added


def _places(group: list[Comparison]) -> str:
    """The rows of a group: the file once, then their lines."""
    file = group[0].place.rpartition(":")[0]
    return f"{file}:{', '.join(one.place.rpartition(':')[2] for one in group)}"


# --- the arms of a trial that stands several times in one analysis --------------------------------


def _shared(group: list[Comparison]) -> int | None:
    """The side on which all rows have one arm; None where the values do not show it.

    Equal means and SDs show it. Counts of a divided arm are as equal as whole numbers can be; the
    experimental arms of a trial without events are so too, and its control is the one divided.
    """
    if any(len(one.said) < 2 for one in group):
        return None
    control, experimental = (_one_arm([one.said[side] for one in group])
                             for side in (CONTROL, EXPERIMENTAL))
    counts = "mean" not in group[0].said[CONTROL].cells
    if control and (counts or not experimental):
        return CONTROL
    return EXPERIMENTAL if experimental and not control else None


def _one_arm(said: list[Said]) -> bool:
    """Whether values can be those of one arm whose patients are divided."""
    if "mean" in said[0].cells:
        values = {one.numbers(("mean", "sd")) for one in said}
        return len(values) == 1 and "" not in values.pop()
    columns = list(zip(*(one.numbers(("events", "total")) for one in said), strict=True))
    return all(isinstance(x, float) for column in columns for x in column) and all(
        max(column) - min(column) <= 1 for column in columns)


def _told_apart(group: list[Comparison], side: int, numbers: dict) -> Iterator[Comparison]:
    """The rows with an arm of its own for each on one side: by footnote, else by order.

    A footnote names one arm in all analyses of the trial.
    """
    footnotes = [one.footnote for one in group]
    by_footnote = all(footnotes) and len(set(footnotes)) == len(group)
    for order, one in enumerate(group, 1):
        label = f"footnote: {one.footnote}" if by_footnote else f"row {order} of the trial"
        base = one.said[side].cells["arm_id"]
        known = numbers[one.study, base]
        arm = f"{base}-{known.setdefault(label, len(known) + 1)}"
        said, arms = list(one.said), list(one.arms)
        said[side] = replace(said[side], cells={**said[side].cells, "arm_id": arm})
        arms[side] = arm
        yield replace(one, said=tuple(said), arms=tuple(arms), arm_notes={
            arm: label if by_footnote else f"told apart by order: {label} in {one.part}"})


# --- what several rows say of one arm ----------------------------------------------------------


def _settled(comparisons: list[Comparison]) -> tuple[list[Comparison], list[str], list[str]]:
    """Comparisons whose rows agree on every arm, each arm's values at the first of them."""
    passed = []
    while True:
        by_key, merged, wrong, remarks = defaultdict(list), {}, {}, []
        for one in comparisons:
            for said in one.said:
                by_key[one.study, said.key].append((one, said))
        for key, found in by_key.items():
            value, remark = _agreed(found)
            if value is None:
                places = _places([one for one, _ in found])
                for one, said in found:
                    wrong.setdefault(one.place, (one, f"{places} say different things of "
                                                 f"{_words(said)}"))
            merged[key], remarks = value, remarks + [remark] * bool(remark)
        if not wrong:
            return _once(comparisons, merged), passed, remarks
        passed += [f"{one.place}: {one.name}, {one.part}: {why}" for one, why in wrong.values()]
        comparisons = [one for one in comparisons if one.place not in wrong]


def _words(said: Said) -> str:
    """What is said of what, for people."""
    cells = said.cells
    arm = cells.get("arm_id") or f"{cells['arm_intervention']} and {cells['arm_comparator']}"
    visit = cells.get("timepoint_months") or cells.get("months")
    return " ".join(filter(None, (arm, cells.get("outcome") or cells.get("event"),
                                  visit and f"at month {visit}")))


def _agreed(found: list[tuple[Comparison, Said]]) -> tuple[Said | None, str]:
    """The one thing that rows say of an arm; None where they say several."""
    by_analysis = defaultdict(dict)
    for one, said in found:
        partner = next((other.key for other in one.said if other is not said), None)
        # a comparison that is there twice to the last number is there once
        by_analysis[one.analysis].setdefault((partner, said.numbers(_VALUES + _SIZES)),
                                             (one, said))
    values, remarks = [], []
    for some in by_analysis.values():
        partners = [partner for partner, _ in some]
        value, remark = _of_one_analysis(list(some.values()), len(set(partners)) == len(partners))
        if value is None:
            return None, ""
        values.append(value)
        remarks.append(remark)
    alike = len({value.numbers(_VALUES + _SIZES) for value in values}) == 1
    return (values[0], remarks[0]) if alike else (None, "")


def _of_one_analysis(found: list[tuple[Comparison, Said]], other_partners: bool
                     ) -> tuple[Said | None, str]:
    """What the rows of one analysis say of an arm, the patients divided between them added."""
    one, first = found[0]
    if len(found) == 1:
        return first, ""
    if not other_partners or len({said.numbers(_VALUES) for _, said in found}) > 1:
        return None, ""
    if one.entry.get("shared_n") == WHOLE:
        return (first if len({said.numbers(_SIZES) for _, said in found}) == 1 else None), ""
    cells, sums = dict(first.cells), []
    for name in _SIZES:
        sizes = [said.cells[name] for _, said in found if name in said.cells]
        if sizes:
            cells[name] = _sum(sizes)
            sums.append(f"{name} {' + '.join(size or '?' for size in sizes)}")
    lines = ", ".join(c.place.rpartition(":")[2] for c, _ in found)
    footnotes = dict.fromkeys(c.footnote for c, _ in found if c.footnote)
    note = "; ".join([f"divided between rows {lines} of the package, added: {', '.join(sums)}",
                      *(f"footnote: {text}" for text in footnotes)])
    remark = (f"{_places([c for c, _ in found])}: {one.name}, {_words(first)}: {'; '.join(sums)} "
              "added, as the patients are divided between the rows (shared_n whole in the list "
              "says that they are not)")
    return replace(first, cells=cells, note=note), remark


def _sum(sizes: list[str]) -> str:
    """Sizes added; not known where one is not, and as it stands where one is no number."""
    numbers = [_number(size) for size in sizes]
    if "" in numbers:
        return ""
    wrong = [size for size, number in zip(sizes, numbers, strict=True) if isinstance(number, str)]
    return wrong[0] if wrong else f"{sum(numbers):.12g}"


def _once(comparisons: list[Comparison], merged: dict) -> list[Comparison]:
    """The comparisons with the merged values, each at the first row that says it."""
    left, out = dict(merged), []
    for one in comparisons:
        found = [left.pop((one.study, said.key), None) for said in one.said]
        out.append(replace(one, said=tuple(said for said in found if said)))
    return out
