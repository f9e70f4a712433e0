"""The order in which records are best read: learned from what is decided, with its reasons.

The model is the one that ASReview 3 calls ELAS u4: TF-IDF of words and pairs of words, and a
linear support vector machine. It orders, and excludes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sklearn
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.svm import LinearSVC

from .record import Record

MODEL = f"tfidf-1-2+linear-svc, scikit-learn {sklearn.__version__}"
BY_SIGNALS = "signals, then the order of the search"
COST = 0.11  # C of the machine
RATIO = 9.8  # weight of all included records to that of all excluded ones
_SAYS_NOTHING = ENGLISH_STOP_WORDS  # words that are no reason, though they order records
COMMON = 0.95  # a term in a larger share of records says nothing
REASONS = 5  # terms that are shown of a record
_FEW = 20  # records below which no term is too common
# What sources print of a type of publication, and what it is worth while nothing is decided.
_SIGNALS = ((re.compile(r"randomi[sz]ed|controlled clinical trial", re.IGNORECASE), 3),
            (re.compile(r"clinical trial|clinical study|interventional|cohort|comparative study",
                        re.IGNORECASE), 2),
            (re.compile(r"meta-analysis|systematic review", re.IGNORECASE), 1),
            (re.compile(r"^review$|editorial|letter|comment|news|erratum", re.IGNORECASE), -1))
_REGISTERED = 2


@dataclass(frozen=True)
class Ranked:
    """A record in the order of reading.

    Attributes
    ----------
    key : str
        Its source and number.
    rank : int
        From 1.
    score : float
        Distance from the border between included and excluded, positive on the side of the
        included; while nothing is decided, points of its signals.
    reasons : tuple of str
        Terms, or signals, that speak most for it; the strongest first.
    model : str
        What ordered it.
    """

    key: str
    rank: int
    score: float
    reasons: tuple[str, ...]
    model: str


def ranked(records: Sequence[Record], decisions: Mapping[str, bool], seed: int = 0
           ) -> tuple[Ranked, ...]:
    """Every record that is not decided, in the order in which it is best read.

    Parameters
    ----------
    records : sequence of Record
        Decided and new ones, with their abstracts where they are at hand, in the order of the
        search, which decides between equals. The scores do not depend on this order.
    decisions : mapping of str to bool
        Source and number of a record: True included, False excluded. What is unsure is left out,
        and is ranked as what is new.
    seed : int
        Of the machine's order of steps.
    """
    unique = {r.source_id: r for r in records}
    new = [key for key in unique if key not in decisions]
    known = [key for key in sorted(unique) if key in decisions]
    if len({decisions[key] for key in known}) == 2:
        keys = sorted(unique)
        features = Features.of([_text(unique[key]) for key in keys])
        if features is not None:
            place = {key: i for i, key in enumerate(keys)}
            weights = features.learned([place[k] for k in known], [decisions[k] for k in known],
                                       seed)
            rows = [place[key] for key in new]
            found = zip(new, features.scores(rows, weights), features.reasons(rows, weights),
                        strict=True)
            return _in_order(found, MODEL)
    return _in_order(((key, *_signals(unique[key])) for key in new), BY_SIGNALS)


def _text(record: Record) -> str:
    return f"{record.title} {record.abstract}"


def _in_order(found, model: str) -> tuple[Ranked, ...]:
    """The highest score first; equals stay in their order."""
    best = sorted(found, key=lambda one: -one[1])
    return tuple(Ranked(key, i, round(float(score), 6), reasons, model)
                 for i, (key, score, reasons) in enumerate(best, 1))


def _signals(record: Record) -> tuple[int, tuple[str, ...]]:
    """Points of a record while nothing is decided, and what gives them."""
    points, reasons = 0, []
    if record.registrations or record.kind == "registration":
        points += _REGISTERED
        reasons.extend(record.registrations or (record.number,))
    for signal in dict.fromkeys(record.signals):
        worth = next((worth for form, worth in _SIGNALS if form.search(signal)), 0)
        points += worth
        if worth > 0:
            reasons.append(signal)
    return points, tuple(reasons[:REASONS])


@dataclass(frozen=True)
class Features:
    """Texts as numbers: one row a text, one column a word or a pair of words.

    Attributes
    ----------
    matrix : scipy.sparse.csr_matrix, shape (texts, terms)
        TF-IDF with 1 + log of counts, rows of length 1.
    terms : numpy.ndarray of str, shape (terms,)
    """

    matrix: csr_matrix
    terms: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str]) -> Features | None:
        """Features of texts; None where they hold no word."""
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True,
                                     max_df=COMMON if len(texts) >= _FEW else 1.0)
        try:
            matrix = vectorizer.fit_transform(texts)
        except ValueError:  # an empty vocabulary
            return None
        return cls(matrix.tocsr(), vectorizer.get_feature_names_out())

    def learned(self, rows: Sequence[int], included: Sequence[bool], seed: int) -> np.ndarray:
        """Weight of each term, and the intercept as the last value, from decided rows.

        Raises
        ------
        ValueError
            Where the rows are not of both kinds.
        """
        machine = LinearSVC(C=COST, loss="squared_hinge", random_state=seed)
        machine.fit(self.matrix[rows], np.asarray(included, dtype=int),
                    sample_weight=balanced(included))
        return np.append(machine.coef_[0], machine.intercept_[0])

    def scores(self, rows: Sequence[int], weights: np.ndarray) -> np.ndarray:
        """Distance of rows from the border between included and excluded."""
        return self.matrix[rows] @ weights[:-1] + weights[-1]

    def reasons(self, rows: Sequence[int], weights: np.ndarray) -> list[tuple[str, ...]]:
        """The terms of each row that speak most for including it."""
        found = []
        for row in rows:
            at = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
            columns = self.matrix.indices[at]
            worth = self.matrix.data[at] * weights[columns]
            order = np.lexsort((columns, -worth))
            found.append(_telling([str(self.terms[columns[i]]) for i in order
                                   if worth[i] > 0 and not _SAYS_NOTHING.issuperset(
                                       str(self.terms[columns[i]]).split())]))
        return found


def _telling(terms: Sequence[str]) -> tuple[str, ...]:
    """The first terms, without those whose words are in, or hold, one before them."""
    chosen: list[str] = []
    for term in terms:
        words = set(term.split())
        if not any(words <= set(c.split()) or words >= set(c.split()) for c in chosen):
            chosen.append(term)
        if len(chosen) == REASONS:
            break
    return tuple(chosen)


def balanced(included: Sequence[bool]) -> np.ndarray:
    """Weights of decided records, of mean 1: all included weigh `RATIO` times all excluded.

    Raises
    ------
    ValueError
        Where the records are not of both kinds.
    """
    kinds = np.asarray(included, dtype=bool)
    yes = int(kinds.sum())
    no = len(kinds) - yes
    if not yes or not no:
        raise ValueError("expected included and excluded records")
    weights = np.where(kinds, 1.0, yes / (RATIO * no))
    return weights * (len(kinds) / weights.sum())
