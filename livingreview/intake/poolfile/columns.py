"""Which column of a file is which: the names that people, programs and databases give them.

Known are the names of metafor (``ai bi ci di n1i m1i sd1i x1i t1i xi ni ri yi vi sei slab``), meta
(``event.e n.e mean.e sd.e TE seTE studlab``), RevMan and Cochrane's data packages, Metapsy
(``.g .g_se mean_arm1``), JASP, jamovi, Comprehensive Meta-Analysis and MetaInsight, and what
people write. Case, dots, spaces and underscores do not matter.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from ...data.problems import DataError, Problem
from .grid import Grid

_ARMS = {
    "1": "1 e t 1i arm1 group1 grp1 groupa grpa exp experimental treat treatment treated trt "
         "intervention interventiongroup tx active drug",
    "2": "2 c 2i arm2 group2 grp2 groupb grpb ctrl con control controlgroup comparator comparison "
         "placebo vehicle sham",
}
# What two arms have, and how its name begins or ends; of one letter only with 1, 2, e, t or c.
_STEMS = {
    "m": "m mean average",
    "sd": "sd stddev stdev standarddeviation",
    "n": "n total totaln ntotal samplesize size number participants patients nrandomised",
    "e": "events event cases responders nevents numberofevents noofevents eventstotal "
         "eventsn nn",
    "t": "time persontime personyears patientyears",
    "non": "nonevents nonevent noevents",
    "meansd": "meansd msd meanandsd",
    "m_pre": "mpre premean meanpre baselinemean meanbaseline",
    "sd_pre": "sdpre presd baselinesd sdbaseline",
    "m_post": "mpost postmean meanpost finalmean meanfinal",
    "sd_post": "sdpost postsd finalsd sdfinal",
}
_OWN = {  # names of one program, or without a stem
    "e1": "e1 ai x1i r1 rt xt xti tpos", "e2": "e2 ci x2i r2 rc xc xci cpos",
    "non1": "bi tneg", "non2": "di cneg", "n1": "n1 nti", "n2": "n2 nci",
    "t1": "t1 t1i", "t2": "t2 t2i",
    "m": "m mi mean average", "sd": "sd sdi stddev stdev standarddeviation",
    "n": "n ni total samplesize participants patients people persons subjects animals",
    "e": "e xi x r events event cases responders", "t": "t ti time persontime personyears",
    "r": "r ri cor corr correlation pearsonr",
    "m_pre": "mpre premean meanpre baselinemean meanbaseline mbaseline",
    "sd_pre": "sdpre presd baselinesd sdbaseline",
    "m_post": "mpost postmean meanpost finalmean meanfinal mfinal",
    "sd_post": "sdpost postsd finalsd sdfinal",
    "both": "both a ai yesyes", "first": "first b bi yesno firstonly",
    "second": "second c ci noyes secondonly", "neither": "neither d di nono",
    "alpha": "alpha ai cronbachalpha cronbachsalpha", "items": "items mi nitems numberofitems",
    "tstat": "tstat t ti tvalue tstatistic tval", "predictors": "predictors mi npredictors "
    "numberofpredictors", "rsq": "rsq r2 r2i rsquared rsquare",
    "oe": "oe oemine ominuse observedminusexpected", "v": "v variance oevariance hypergeometricv",
    "yi": "yi y es te effect effectsize estimate est effectestimate givmean pointestimate",
    "vi": "vi var variance v effectvariance samplingvariance varyi ves vare",
    "se": "se sei sete stderr stderror standarderror standarderr seyi sees givse effectse "
          "effectsizese effectsizestandarderror",
    "ci_low": "cilow cilower cil cilb lowerci lcl lci ll lower low lowerlimit lowerbound "
              "lowcilimit conflow cilowerlimit cilowerbound lowercilimit",
    "ci_high": "cihigh ciupper ciu ciub upperci ucl uci ul upper high upperlimit upperbound "
               "highci confhigh ciupperlimit ciupperbound uppercilimit",
    "ci": "ci confidenceinterval confint interval",
    "study": "study studlab slab studyname studyid studylabel trial trialname trialid "
             "studyreference citation 研究 试验 文献",
}
_ESTIMATES = {  # of one measure: its effect on the scale of the analysis
    "MD": "md meandifference meandiff difference diff wmd", "SMD": "smd g hedgesg d cohensd",
    "ROM": "logrom lnrom logrr lnrr", "RR": "logrr lnrr logriskratio",
    "OR": "logor lnor logoddsratio lor", "PETO": "logor lnor logpeto", "RD": "rd riskdifference",
    "HR": "loghr lnhr loghazardratio", "IRR": "logirr lnirr lograteratio",
    "ZCOR": "z zi fisherz", "IRD": "ird ratedifference", "PLO": "logit logitp",
}
_RATIOS = {
    "RR": "rr riskratio relativerisk", "OR": "or oddsratio", "HR": "hr hazardratio",
    "PETO": "or oddsratio petoor petooddsratio", "IRR": "irr rateratio incidencerateratio",
    "ROM": "rom ratioofmeans",
}
KNOWN = (*(f"{stem}{arm}" for stem in _STEMS if stem != "meansd" for arm in _ARMS), *dict.fromkeys(
    name for name in (*_OWN, "ratio", "rr", "or", "hr", "irr", "rom") if name[-1] not in "12"))
TREATMENT = frozenset("treatment treat trt t arm armname group groupname intervention condition "
                      "condarm".split())
_AUTHOR = ("author", "authors", "firstauthor", "作者", "第一作者")
_YEAR = ("year", "pubyear", "publicationyear", "studyyear", "年份", "发表年份")
EFFECT_FORMS = (("yi", "vi"), ("yi", "se"), ("yi", "ci_low", "ci_high"),
                ("ratio", "ci_low", "ci_high"), ("ratio", "se"))
_DERIVED = {"n1": ("e1", "non1"), "n2": ("e2", "non2")}


def plain(name: str) -> str:
    """A name without what does not matter in it."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+|95", "", text)


@cache
def _names(measure: str) -> dict[str, list[str]]:
    """The names of each of our columns, as `plain` writes them."""
    out = {ours: text.split() for ours, text in _OWN.items()}
    for arm, words in _ARMS.items():
        for stem, texts in _STEMS.items():
            ours = f"m{arm}" if stem == "meansd" else f"{stem}{arm}"
            for text in texts.split():
                found = [text + word for word in words.split()] + [
                    word + text for word in words.split() if len(word) > 1]
                out.setdefault(ours, []).extend(found)
    single = _ESTIMATES if measure == "GEN" else {measure: _ESTIMATES.get(measure, "")}
    for text in single.values():
        for name in text.split():
            out["yi"].append(name)
            out["vi"] += [f"{name}var", f"var{name}", f"vi{name}"]
            out["se"] += [f"{name}se", f"se{name}"]
    out["ratio"] = _RATIOS.get(measure, "").split()
    out["ratio"] += [f"{name}ci" for name in out["ratio"]]
    return out


class Columns:
    """The columns of a file, found by name.

    Parameters
    ----------
    grid : Grid
    measure : str
    wanted : tuple of str
        Our columns of the measure.
    named : dict of str to str
        Columns named by hand.
    made : dict of str to (int, int)
        Where columns of ours are that were made from another, and where that is.

    Raises
    ------
    DataError
        When a column that is named by hand is not there.
    """

    def __init__(self, grid: Grid, measure: str, wanted: tuple[str, ...], named: dict[str, str],
                 made: dict[str, tuple[int, int]]):
        self.grid, self.measure, self.wanted, self.named = grid, measure, wanted, named
        self.names = _names(measure)
        self.plain = [plain(name) for name in grid.header]
        self.places: dict[str, list[int]] = {}
        self._by_hand()
        for ours, (place, _) in made.items():
            self.places[ours] = [place]
        self.origins = frozenset(origin for _, origin in made.values())
        self.fixed = {places[0] for places in self.places.values()}
        self.own = len(grid.header) - len(made)  # the columns that the file itself has
        for ours, names in self.names.items():
            if ours not in self.places:
                found = self._found(ours, names)
                if found:
                    self.places[ours] = found
        self._settle()

    def _by_hand(self) -> None:
        for name, theirs in self.named.items():
            ours = "ratio" if name in _RATIOS.get(self.measure, "").split() else name
            self.places[ours] = [self.place(theirs, f"--column {name}={theirs}")]

    def place(self, theirs: str, said: str) -> int:
        """Where the column of that name is.

        Raises
        ------
        DataError
            When it is not there, or several are nearly it.
        """
        exact = [i for i, name in enumerate(self.grid.header) if name == theirs]
        found = exact or [i for i, name in enumerate(self.plain) if name == plain(theirs)]
        if len(found) == 1:
            return found[0]
        wrong = (f"{said}: no column is named so" if not found
                 else f"{said}: {len(found)} columns are named so")
        raise DataError([Problem(self.grid.file, 1, theirs, theirs, wrong,
                                 f"one of {', '.join(filter(None, self.grid.header))}")])

    def _found(self, ours: str, names: Iterable[str]) -> list[int]:
        """Where a column of ours may be: the one of its very name, else all that are known."""
        exact = [i for i, name in enumerate(self.grid.header) if name == ours]
        if exact:
            return exact
        order = {plain(ours): 0, **{name: 1 for name in names}}
        found = [i for i, name in enumerate(self.plain) if name in order and i not in self.fixed]
        return [i for i in found if self.plain[i] == plain(ours)] or found

    def _settle(self) -> None:
        """Names that mean one thing beside one column, and another beside another."""
        events = "e1" in self.wanted
        for arm in "12":  # Metapsy has the numbers of both kinds of outcome
            kinds = (f"totalnarm{arm}", f"narm{arm}")
            first = [i for i in self.places.get(f"n{arm}", ())
                     if self.plain[i] == kinds[0 if events else 1]]
            if first:
                self.places[f"n{arm}"] = first
        # ci are metafor's events of the control beside its ai, and an interval elsewhere.
        self._drop("ci" if "ai" in self.plain else "e2", "ci")
        if not TREATMENT & set(self.plain):  # MetaInsight's events, and else a correlation
            self._drop("e", "r")
        for name in ("v", "variance"):
            self._drop("vi" if "oe" in self.places else "v", name)

    def _drop(self, ours: str, name: str) -> None:
        if ours in self.named:
            return
        kept = [i for i in self.places.get(ours, ()) if self.plain[i] != name]
        if kept:
            self.places[ours] = kept
        else:
            self.places.pop(ours, None)

    def has(self, ours: str) -> bool:
        return ours in self.places or all(
            part in self.places for part in _DERIVED.get(ours, ("?",)))

    def forms(self, needs_counts: bool, peto: bool = False) -> list[tuple[str, ...]]:
        """The forms that the file has whole, that of the measure first; Peto pools O − E too."""
        out = [self.wanted] if self.wanted and all(map(self.has, self.wanted)) else []
        others = [("oe", "v")] if self.measure in ("HR", "PETO", "OR") else []
        others = [*others, *EFFECT_FORMS] if not needs_counts else others if peto else []
        out += [form for form in others if all(map(self.has, form))
                and (form != ("ratio", "se") or self._of_logarithms("se"))]
        asked, own = self._asked(), set(self.named) & {*self.wanted, "non1", "non2"}
        if asked:
            return [form for form in out if asked <= set(form)]
        return [form for form in out if form == self.wanted] if own else out

    def _of_logarithms(self, ours: str) -> bool:
        """Whether a column beside ratios is of their logarithms: programs write either."""
        name = self.plain[self.places[ours][0]]
        return ours in self.named or "ln" in name or "log" in name

    def _asked(self) -> set[str]:
        """Columns of effects that are named by hand: they say which form is meant."""
        named = {"ratio" if name in self.names["ratio"] else name for name in self.named}
        return named & {"yi", "vi", "se", "ci_low", "ci_high", "oe", "v", "ratio"}

    def half(self) -> list[str]:
        """Columns that a form of the measure lacks, where the file has others of it."""
        telling = [c for c in self.wanted if not c.startswith("n") and c != "r" and self.has(c)]
        missing = [c for c in self.wanted if not self.has(c)]
        return missing if telling and missing and not self._asked() else []

    def header(self, ours: str) -> str:
        """How the file names a column of ours."""
        if ours in self.places:
            return self.grid.header[self.places[ours][0]]
        return " + ".join(self.header(part) for part in _DERIVED[ours])

    def parts(self, ours: str) -> tuple[str, ...]:
        """The columns that a column of ours is the sum of."""
        return (ours,) if ours in self.places else _DERIVED[ours]

    def doubtful(self, form: Iterable[str]) -> list[Problem]:
        """Columns of a form that several columns of the file could be."""
        out = []
        for ours in dict.fromkeys(part for name in form for part in self.parts(name)):
            places = self.places[ours]
            if len({tuple(self.grid.column(i)) for i in places}) > 1:
                names = [self.grid.header[i] for i in places]
                if len(set(names)) == 1:
                    out.append(Problem(self.grid.file, 1, names[0], names[0],
                                       "the header names this column more than once",
                                       "each column once"))
                    continue
                out.append(Problem(
                    self.grid.file, 1, names[0], " | ".join(names), f"each of these could be "
                    f"{ours}", f"one of them by hand: --column \"{ours}={names[0]}\""))
        return out

    def shared(self, form: Iterable[str]) -> list[Problem]:
        """Columns named by hand for one column of a form that are also another by their name."""
        taken: dict[int, list[str]] = {}
        for ours in dict.fromkeys(part for name in form for part in self.parts(name)):
            taken.setdefault(self.places[ours][0], []).append(ours)
        return [twice(self.grid, place, several) for place, several in taken.items()
                if len(several) > 1 and not set(several) <= set(self.named)]

    def alone(self, arm: str = "") -> list[int]:
        """Where columns are that nothing uses, those whose name is that of an arm and no more."""
        used = {i for places in self.places.values() for i in places} | self.naming()
        words = [word for word in _ARMS.get(arm, "").split() if len(word) > 1]
        return [i for i, name in enumerate(self.plain[:self.own])
                if i not in used and name and (not arm or name in words)]

    def looking_like(self, ours: str) -> list[str]:
        """Headers that nothing uses and that look like the names of a column of ours."""
        used = {i for places in self.places.values() for i in places}
        arms = {*TREATMENT, *" ".join(_ARMS.values()).split()}  # say an arm and no more
        free = {name: self.grid.header[i] for i, name in enumerate(self.plain)
                if i not in used and name and name not in arms}
        near = [free[found] for name in (plain(ours), *self.names.get(ours, ()))
                for found in difflib.get_close_matches(name, free, 2, 0.72)
                if _same_arm(name, found)]
        return list(dict.fromkeys(near))

    def of_outcome(self) -> dict[int, str]:
        """Where columns are that hold numbers of the outcome, and which; sizes are none."""
        whole = [c for form in self.forms(False) for c in form]
        known = [part for c in (*self.wanted, *whole) if self.has(c) for part in self.parts(c)
                 if part.rstrip("12") != "n"]
        return {place: ours for ours in reversed(known) for place in self.places[ours]}

    def study(self) -> list[str]:
        """The name of each trial, empty where none is stated."""
        places = self._naming()
        if not places:
            return [""] * len(self.grid.rows)
        first, *year = (self.grid.column(i) for i in places)
        return [f"{one} {when}".strip() if when not in one else one
                for one, when in zip(first, *year, strict=True)] if year else first

    def _naming(self) -> list[int]:
        """Where a name is, or an author with a year: they name a trial better than a number."""
        by_name = sorted(self.places.get("study", ()), key=lambda i: (
            self.names["study"].index(self.plain[i]) if self.plain[i] in self.names["study"]
            else -1))[:1]
        author, year = ([i for i, name in enumerate(self.plain) if name in known][:1]
                        for known in (_AUTHOR, _YEAR))
        numbered = by_name and all(map(str.isdecimal, self.grid.column(by_name[0])))
        return by_name if by_name and not (author and numbered) else author and author + year

    def naming(self) -> set[int]:
        """Where the columns are that name the trials."""
        return {*self.places.get("study", ()), *self._naming()}


def twice(grid: Grid, place: int, several: list[str]) -> Problem:
    """One column is taken for several of ours."""
    name = grid.header[place]
    return Problem(grid.file, 1, name, name, f"this column is taken for {' and '.join(several)}",
                   "a column for each: name both by --column NAME=HEADER")


def _same_arm(one: str, other: str) -> bool:
    """Whether two names speak of one arm, as far as they name it by a number."""
    digits = [set(re.findall("[12]", name)) for name in (one, other)]
    return not digits[0] or not digits[1] or digits[0] == digits[1]
