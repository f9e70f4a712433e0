"""Names and addresses of the studies of every indication."""

from __future__ import annotations

from functools import cache

from ..data.dataset import Dataset
from ..effects.messages import Message
from .addresses import Addresses
from .message import message
from .naming import arm_names, of_study, spoken, study_names
from .sources import Link


class Directory:
    """Names and addresses of the studies of a data folder, read where they are asked for.

    Attributes
    ----------
    names, arms : callable
        Names of the studies, and of the arms by study and arm, of an indication.
    """

    def __init__(self, data: Dataset):
        self._addresses = Addresses(data)
        self.names = cache(lambda indication: study_names(data, indication))
        self.arms = cache(lambda indication: arm_names(data, indication))

    def of(self, indication: str, study_id: str) -> tuple[str, str]:
        """Name and address of a study."""
        return self.names(indication)[study_id], self._addresses.trial(indication, study_id)

    def study(self, indication: str, study_id: str) -> Link:
        """A study by its name."""
        return Link(*self.of(indication, study_id))

    def said(self, text: str | None, indication: str, study_id: str = "") -> str:
        """A text of the data with names in place of identifiers, those of a study's arms too."""
        return spoken(text, of_study(self.arms(indication), study_id), self.names(indication))

    def message(self, text: str, indication: str, study_id: str) -> Message:
        """What a result says of a study, with names in place of identifiers."""
        return message(text, of_study(self.arms(indication), study_id), self.names(indication))
