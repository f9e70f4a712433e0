"""What tests of registries share: made-up records, stores of them, and a made-up trial."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from click.testing import CliRunner, Result
from made_up import KNEE, World

from livingreview.__main__ import main
from livingreview.surveillance.net import Answer
from livingreview.surveillance.rawstore import Raw

FIXTURES = Path(__file__).parent / "fixtures" / "clinicaltrials"
PITFALLS, SIX_ARMS = "NCT90000001", "NCT90000006"
DAY = "2026-04-02"


def record(number: str) -> dict:
    """A made-up record."""
    return json.loads((FIXTURES / f"{number}.json").read_text(encoding="utf-8"))


def answer(content: dict, day: str = DAY) -> Answer:
    return Answer(200, json.dumps(content).encode(), {}, "made-up", f"{day}T08:00:00+00:00")


def stored(root: Path, *records: dict) -> Path:
    """A raw store with records."""
    for one in records:
        protocol = one["protocolSection"]
        number = protocol["identificationModule"]["nctId"].lower()
        version = protocol["statusModule"]["lastUpdatePostDateStruct"]["date"]
        Raw(root, "clinicaltrials", f"registry-{number}-{version}").add(answer(one))
    return root


def of_pitfalls(folder: Path, **more) -> World:
    """A made-up study of the record with every pitfall: cells against saline."""
    world = World(folder).study("doe-2026", registration=PITFALLS, unit="patient", **more)
    world.arm("doe-2026", "bm-cells", cells="cultured-msc", label="bone marrow cells",
              n_allocated="")
    return world.arm("doe-2026", "saline", "saline", label="saline", n_allocated=19)


def call(*arguments, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=text)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mapping_file(path: Path, *lines: dict) -> Path:
    """A file of decisions; what a line does not say is empty."""
    names = ("part", "title", "decision", "arm_id", "item", "instrument", "scale_min", "scale_max",
             "better", "statistic", "reviewer", "date", "reason")
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def group(title: str, arm_id: str = "") -> dict:
    return {"part": "group", "title": title, "decision": "take" if arm_id else "leave",
            "arm_id": arm_id}


def outcome(title: str, item: str, better: str = "lower", statistic: str = "final", **more) -> dict:
    return {"part": "outcome", "title": title, "decision": "take", "item": item,
            "better": better, "statistic": statistic, **more}


def event(title: str, item: str) -> dict:
    return {"part": "event", "title": title, "decision": "take", "item": item}


GROUPS = (group("Bone Marrow Cells", "bm-cells"), group("Saline", "saline"),
          group("All Participants"), group("Total"))
OUTCOMES = (
    outcome("VAS Pain", "pain-vas", scale_min="0", scale_max="100"),
    outcome("WOMAC Function", "womac-function"),
    outcome("WOMAC Function at entry", "womac-function", instrument="WOMAC Function"),
    outcome("KOOS Quality of Life", "koos-qol", "higher"),
    outcome("KOOS Symptoms", "koos-symptoms", "higher"),
    outcome("WOMAC Stiffness", "womac-stiffness"), outcome("WOMAC Pain", "womac-pain"),
    outcome("Lequesne Index", "lequesne"), outcome("Change in IKDC", "ikdc", "higher", "change"),
    outcome("Cartilage Volume, geometric", "cartilage-volume", "higher"),
    outcome("Change in KOOS Pain", "koos-pain", "higher", "change"),
    outcome("Rescue Surgery", "rescue-surgery"), outcome("Responders", "responder", "higher"),
    outcome("Kellgren-Lawrence Grade", "stage-progression"),
    outcome("Treatment Failure", "treatment-failure"), outcome("Injections", "failure"),
    outcome("Joint Space Width", "joint-space-width", "higher"),
    outcome("TNF alpha", "tnf-alpha"), outcome("Lysholm Score", "lysholm", "higher"),
    outcome("SF-36: Physical", "sf36-physical", "higher"))
EVENTS = (event("All-cause mortality", "death"), event("Serious adverse events", "serious-ae"),
          event("Withdrawal: Adverse Event", "withdrawal-due-to-ae"),
          event("Other: Headache", "headache"), event("Other: Stiff knee", "effusion"))

__all__ = ["DAY", "EVENTS", "FIXTURES", "GROUPS", "KNEE", "OUTCOMES", "PITFALLS", "SIX_ARMS",
           "answer", "call", "event", "group", "mapping_file", "of_pitfalls", "outcome", "record",
           "rows", "stored"]
