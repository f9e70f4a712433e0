"""The command that pools a file of any review."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import TextIO

import click
from click.core import ParameterSource

from .console import FILE, replacing, stop
from .options import GroupedCommand, options

_effect, _model, _further, _many, _output, _reading = map(options, (
    "Effects", "Model", "Beyond the pool", "Many treatments", "Output", "Reading the file"))
# What --network takes of the options of a pool.
_OF_NETWORKS = frozenset(("file", "as_json", "measure", "method", "ci", "prediction_df", "level",
                          "reference", "better", "network", "forest", "favours"))
# Flags that each ask for one further analysis.
_FLAGS = {
    "leave-one-out": "Pool without each trial in turn.",
    "influence": "Residuals, DFFITS, Cook's distances and leverages.",
    "egger": "Test of funnel asymmetry, under random effects and the classical one.",
    "peters": "Peters' test, for RR and OR.",
    "begg": "Rank test of funnel asymmetry.",
    "trim-and-fill": "Fill in the trials that a symmetric funnel would have.",
    "fail-safe": "Trials without effect that would undo the result, by Rosenthal, Orwin and "
                 "Rosenberg.",
    "excess-significance": "Significant trials against those that their power lets expect.",
    "henmi-copas": "Weights of the common effect, with an interval that allows for heterogeneity.",
    "gosh": "Pools of all subsets, or of many.",
    "bayes": "The posterior under the prior on tau, beside the pool."}


# What other programs offer by a name that a reader may look for here.
_ELSEWHERE = {
    "OR2DL": "is OR2D here", "D2ORL": "is D2OR here", "WMD": "is MD here",
    "MPORM": "is not offered: MPOR takes the paired tables",
    "REH": "is offered in Python alone: synthesis.relative_excess_heterozygosity",
    "R2": "is not offered", "ZR2": "is not offered",
    "CLES": "is not offered", "AUC": "is not offered", "PRZ": "is not offered: use PLO",
    "DLIT": "is not offered: it solves no moment equation, PM does", "SJIT": "settles at PM",
    "MP": "is PM here", "EE": "is common here",
    "CE": "is common here", "FE": "is common here", "GENQ": "is not offered: it takes weights",
    "GENQM": "is not offered: it takes weights", "IV": "is REML, DL or common here",
    "SMCRP": "is not offered: use SMCR", "SMCRPH": "is not offered: use SMCRH"}


class _Named(click.Choice):
    """A choice; what has another name here, or is missing, is said so."""

    def convert(self, value, param, ctx):
        if value in _ELSEWHERE:
            self.fail(f"{value} {_ELSEWHERE[value]}", param, ctx)
        return super().convert(value, param, ctx)


def _flags(command):
    for name, said in reversed(_FLAGS.items()):
        command = _further(f"--{name}", f"further_{name}".replace("-", "_"), flag_value=name,
                           default=None, help=said)(command)
    return command


def with_reading(command):
    """Options of a command that say how its file is to be read."""
    @wraps(command)
    def read(columns, strict, separator, decimal, sheet, treated, **others):
        return command(how={"columns": columns, "strict": strict, "separator": separator,
                            "decimal": decimal, "sheet": sheet, "treated": treated}, **others)

    for option in (
            _reading("--treated", metavar="NAME", help="Of a file with a row for each arm: the "
                     "arm that is treated."),
            _reading("--sheet", metavar="NAME", help="Sheet of a workbook, or object of a file "
                     "with several."),
            _reading("--decimal", type=click.Choice(["point", "comma"]),
                     help="Mark of decimals, where the cells do not show it."),
            _reading("--separator", type=click.Choice(["comma", "semicolon", "tab", "bar"]),
                     help="What divides the fields of a text file, where it does not show."),
            _reading("--strict", is_flag=True, help="Refuse a file with a row that no effect "
                     "can be computed from, instead of leaving the row out."),
            _reading("--column", "columns", multiple=True, metavar="NAME=HEADER",
                     help="Our name of a column of the file, as m1=Mean_T; several times.")):
        read = option(read)
    return read


@click.command(name="pool", cls=GroupedCommand)
@click.argument("file", type=FILE)
@_effect("--measure", required=True, help="Effect measure; GEN takes effects as they are.",
         type=_Named([
             "MD", "SMD", "ROM", "RR", "OR", "RD", "PETO", "HR", "IRR", "IRD", "PR", "PLO", "PLN",
             "PAS", "PFT", "IR", "IRLN", "IRS", "IRFT", "MN", "MNLN", "SMN", "CVLN", "SDLN", "SMDH",
             "SMD1", "SMD1H", "VR", "CVR", "D2OR", "D2ORN", "OR2D", "OR2DN", "PBIT", "AS", "IRSD",
             "PPC", "MC", "SMCC", "SMCR", "SMCRH", "ROMC", "VRC", "CVRC", "MPRR", "MPOR", "MPRD",
             "MPORC", "MPPETO", "COR", "UCOR", "ZCOR", "PCOR", "ZPCOR", "SPCOR", "ZSPCOR", "PHI",
             "ZPHI", "YUQ", "YUY", "RTET", "ZTET", "RPB", "ZPB", "RBIS", "ZBIS", "ARAW", "AHW",
             "ABT", "GEN"]))
@_effect("--zero-cells", type=click.Choice(["only", "all", "none"]),
         help="Tables to which 0.5 is added: those with an empty cell (only), all or none. With "
         "--method MH, only is RevMan's way.")
@_effect("--variance", "--smd-variance", "variance",
         type=click.Choice(["LS", "HO", "LS2", "UB", "AV", "RevMan", "AVHO", "CS", "ST"]),
         help="Variance of the effects, by metafor's names, where a measure has several (SMD: LS, "
         "LS2, UB, AV or RevMan, which takes its J too; MD, ROM: HO; PHI, RPB: CS or ST).")
@_effect("--correlation", type=float, metavar="R",
         help="Of baseline and final values, for changes without the column r.")
@_effect("--level", type=float, default=0.95, show_default=True, help="Of all intervals.")
@_model("--method", "--model", "method",
        help="Random effects by an estimator of tau² (REML where it is left out), DerSimonian and "
        "Laird about the Mantel-Haenszel estimate (mh-random), Mantel-Haenszel (MH), Peto's pool "
        "(PETO, so for the measure PETO), one common effect, or the posterior (bayes).",
        type=_Named(["REML", "DL", "PM", "PMM", "ML", "HE", "SJ", "EB", "HS", "HSk", "MH",
                     "mh-random", "PETO", "common", "bayes"]))
@_model("--ci", type=click.Choice(["hksj-guard", "hksj", "t", "z"]),
        help="Interval: hksj-guard for random effects, z elsewhere, where it is left out.")
@_model("--prediction-df", type=click.Choice(["k-1", "k-2", "normal"]),
        help="Of the prediction interval; k-1 where it is left out.")
@_model("--rules", type=click.Choice(["plain", "book"]), default="plain", show_default=True,
        help="Who chooses the model: the options above (plain), or the protocol of the book: "
        "the posterior for two trials, Mantel-Haenszel with an empty cell, else REML.")
@_model("--prior", metavar="PRIOR", help="On tau: half-normal:SCALE, half-cauchy:SCALE, "
        "half-t:SCALE:DF, log-normal:MEAN:SD or uniform:TOP; that of the table of priors for the "
        "measure where it is left out.")
@_model("--beyond", type=float, metavar="VALUE", help="Tell the chance that the effect is above "
        "this value, by the posterior.")
@_model("--cluster", metavar="COLUMN", help="Column of what is not independent: rows of one "
        "cluster get cluster-robust variances (CR2), and a three-level model stands beside.")
@_model("--working", type=click.Choice(["random", "three-level", "common"]),
        help="Model of the weights of clustered rows; that of the pool where it is left out.")
@_further("--subgroup", metavar="COLUMN", help="Column that divides the trials.")
@_further("--common-tau2", is_flag=True, help="One tau² for all subgroups.")
@_further("--moderator", "moderators", multiple=True, metavar="COLUMN",
          help="Column for a meta-regression, numbers or words; may be given several times.")
@_further("--cumulative", "order", metavar="COLUMN",
          help="Pool trials one after another in the order of this column.")
@_flags
@_many("--network", is_flag=True,
       help="Compare all treatments of a file with a row for each arm or contrast, by MD, SMD, "
       "ROM, OR, RR, RD, HR, IRR, IRD or GEN; tau² by REML, DL, PM or common; interval z where "
       "it is left out, or t, or hksj-guard.")
@_many("--reference", metavar="NAME", help="Treatment that the others are compared with; that "
       "of most trials where it is left out.")
@_many("--better", type=click.Choice(["higher", "lower"]),
       help="Effects that are good, for the P-scores; higher where it is left out.")
@_output("--json", "as_json", is_flag=True, help="Print JSON with the keys of results.json.")
@_output("--forest", type=FILE, help="Draw a forest plot, and "
         "the graph of a network, to this .svg, .html, .png or .pdf file.")
@_output("--favours", nargs=2, metavar="LEFT RIGHT",
         help="What lies on either side of no effect, such as 'favours new' 'favours old'.")
@with_reading
def pool_file(file: Path, as_json: bool, forest: Path | None, favours: tuple[str, ...] | None,
              how: dict, **chosen) -> None:
    """Pool the trials of FILE, one trial in each row.

    \b
    Columns, all others being free: study (optional), and
      m1 sd1 n1 m2 sd2 n2          MD, SMD, SMDH, ROM, CVR, D2OR, D2ORN, RPB, ZPB, RBIS, ZBIS
                                   (arm 1 is the treated one), SMD1H; without sd1 SMD1
      sd1 n1 sd2 n2                VR: ratios of standard deviations
      e1 n1 e2 n2                  RR, OR, RD, PETO, AS, OR2D, OR2DN, PBIT, PHI, ZPHI, YUQ,
                                   YUY, RTET, ZTET
      e1 t1 e2 t2                  IRR, IRD, IRSD (events and time at risk)
      e n                          PR, PLO, PLN, PAS, PFT: proportions of one arm
      e t                          IR, IRLN, IRS, IRFT: rates of one arm
      m sd n                       MN, MNLN, SMN, CVLN: means of one arm, or their spread
      sd n                         SDLN: standard deviations of one arm
      m_pre sd_pre m_post sd_post n r
                                   MC, SMCC, SMCR, SMCRH, ROMC, CVRC: changes of one arm; of the
                                   standard deviations alone VRC
      m_pre1 sd_pre1 m_post1 n1 m_pre2 sd_pre2 m_post2 n2 r
                                   PPC: changes of two arms, standardised
      both first second neither    MPRR, MPOR, MPRD, MPORC, MPPETO: pairs, or one group under two
                                   conditions: with the event under both, one, the other, none
      r n                          COR, UCOR, ZCOR: correlations
      tstat n predictors           PCOR, ZPCOR, and with rsq (R²) SPCOR, ZSPCOR: correlations from
                                   regressions
      alpha items n                ARAW, AHW, ABT: Cronbach's alpha
      oe v                         HR, PETO: observed less expected, its variance
      yi with vi or se             any measure; ratios as natural logarithms
      yi ci_low ci_high            the same with 95% intervals
      or, rr, hr (…) ci_low ci_high
                                   ratios themselves with 95% intervals, or with selnor, selnrr,
                                   selnhr (…): the standard error of the logarithm
      study treatment n, and mean sd or events; or study treat1 treat2 yi, and vi or se, or ci_low
      ci_high, ratios (or, rr, hr …) as they are with ci_low ci_high
                                   with --network: a row for each arm, or each contrast

    FILE is a table as text (.csv, .tsv), a workbook (.xlsx, .ods), or data of R (.rds, .rda),
    Stata (.dta), SPSS (.sav), jamovi (.omv) or JASP (.jasp). Headers of metafor, meta, RevMan,
    Metapsy, JASP, jamovi, Comprehensive Meta-Analysis and MetaInsight are known; what was read how
    is said. A trial whose numbers are missing (an empty cell, NA) or give no effect (an SD of 0)
    is left out, with the reason. Exits with 1 when a value is wrong or the file can be read in two
    ways.
    """
    from ..intake import poolfile

    find = _network if chosen.pop("network") else _pool
    try:
        compute, shown, in_keys = find(how, chosen)
        kind = poolfile.drawing(forest) if forest else None
    except poolfile.CallError as error:
        stop(str(error), 2)
    if forest and not forest.parent.is_dir():
        stop(f"cannot write {forest}: there is no folder {forest.parent}", 2)
    with replacing(forest) if forest else nullcontext() as drawing:
        try:
            result = compute(file)
        except poolfile.CallError as error:
            stop(str(error), 2)
        except poolfile.DataError as error:
            stop(f"{error}\nNothing was computed.", 1)
        if drawing:
            form = kind if kind == "html" else "svg"
            _draw(drawing, kind, _rendered(shown(result, favours or ()), form))
    click.echo(in_keys(result) if as_json else f"{_rendered(shown(result), 'txt')}\n", nl=False)
    if forest:
        click.echo(f"wrote {forest}", err=True)


def _pool(how: dict, chosen: dict) -> tuple[Callable, Callable, Callable]:
    """How trials are pooled, made a view, and said in JSON, as the options ask."""
    from ..intake import poolfile

    if any(chosen.pop(key) for key in ("reference", "better")):
        stop("--reference and --better go with --network", 2)
    further = [chosen.pop(key) for key in list(chosen) if key.startswith("further_")]
    question = poolfile.Question(**chosen, further=tuple(filter(None, further)))
    reading = poolfile.Reading(**how)
    return (lambda file: poolfile.pool(file, question, reading)), poolfile.shown, poolfile.as_json


def _network(how: dict, chosen: dict) -> tuple[Callable, Callable, Callable]:
    """How many treatments are compared, made a view, and said in JSON, as the options ask."""
    from ..intake.poolfile import Reading, leagues, network, network_drawn

    call = click.get_current_context()
    for option in call.command.params:
        given = call.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
        if given and option.name not in _OF_NETWORKS and option.name not in how:
            stop(f"{option.opts[0]} is not offered with --network", 2)
    names = {"method": "method", "ci": "interval", "prediction_df": "prediction_df",
             "better": "better", "reference": "reference"}
    question = network.NetworkQuestion(
        chosen["measure"], level=chosen["level"],
        **{names[key]: chosen[key] for key in names if chosen[key] is not None})
    reading = Reading(**how)
    return ((lambda file: network.compare(file, question, reading)), network_drawn.shown,
            leagues.as_json)


def _rendered(view, form: str) -> str:
    """What was found as text, drawing or page."""
    from ..render.engine import render

    return render(view, form=form)


def _draw(file: TextIO, kind: str, drawn: str) -> None:
    """Write a drawing in the form that its name asks for."""
    if kind in ("svg", "html"):
        file.write(f"{drawn}\n")
        return
    from ..site.figures import pdf, png

    file.buffer.write((png if kind == "png" else pdf)(drawn))


ALL = (pool_file,)
