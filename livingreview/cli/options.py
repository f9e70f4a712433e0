"""Commands with many options: their help in groups."""

from __future__ import annotations

import click


class Grouped(click.Option):
    """An option that stands under a heading of the help.

    Parameters
    ----------
    group : str
        The heading.
    """

    def __init__(self, *args, group: str, **attributes):
        super().__init__(*args, **attributes)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists options under their headings, in the order of the first ones."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        found: dict[str, list[tuple[str, str]]] = {}
        shown = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        for option in sorted(shown, key=lambda p: not isinstance(p, Grouped)):
            record = option.get_help_record(ctx)
            if record is not None:
                found.setdefault(getattr(option, "group", "Other"), []).append(record)
        for heading, records in found.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def options(group: str):
    """A decorator like ``click.option`` for the options of a group.

    Parameters
    ----------
    group : str
    """
    def option(*names, **attributes):
        return click.option(*names, cls=Grouped, group=group, **attributes)
    return option
