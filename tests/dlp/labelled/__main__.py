"""`python -m tests.dlp.labelled` judges the product's detectors and prints the table; `-v` adds every case that went wrong."""

import sys

from tests.dlp.labelled import built_in, generate, ordinary
from tests.dlp.labelled.judging import judge, judge_ordinary, table


def main(verbose: bool) -> None:
    """Print the report."""
    scan = built_in.scan()
    verdict = judge(scan, generate.cases())
    false = judge_ordinary(scan, ordinary.payloads())
    print(table(verdict, false, ordinary.COUNT))
    if verbose:
        print("\nmissed:", *verdict.missed_ids, "\nfound and not expected:", *verdict.invented_ids, "\nordinary:", *false, sep="\n  ")


if __name__ == "__main__":
    main("-v" in sys.argv[1:])
