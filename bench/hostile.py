"""A scanner's verdict on pickles: `hostile.py SCANNER FILE...` prints `bad`, `good` or `error` and the file, one a line."""

import io
import sys
from contextlib import redirect_stdout


def picklescan(path):
    from picklescan.scanner import scan_file_path

    found = scan_file_path(path)
    return verdict(found.infected_files > 0, found.scan_err)


def verdict(is_bad, is_broken):
    """A finding counts even if the scanner gave up later."""
    if is_broken and not is_bad:
        raise ValueError
    return is_bad


def fickling(path):
    from fickling.analysis import Severity, check_safety
    from fickling.fickle import StackedPickle

    with open(path, "rb") as file:
        pickles = StackedPickle.load(file)
    return any(check_safety(each).severity > Severity.LIKELY_SAFE for each in pickles)


def modelscan(path):
    from modelscan.modelscan import ModelScan

    scanner = ModelScan()
    scanner.scan(path)
    return verdict(len(scanner.issues.all_issues) > 0, len(scanner.errors) > 0)


scan = {"picklescan": picklescan, "fickling": fickling, "modelscan": modelscan}[sys.argv[1]]
for path in sys.argv[2:]:
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            is_bad = scan(path)
        print("bad" if is_bad else "good", path, flush=True)
    except Exception:
        print("error", path, flush=True)
