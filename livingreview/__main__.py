"""``python -m livingreview``: the commands are those of `cli`."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="python -m livingreview")
