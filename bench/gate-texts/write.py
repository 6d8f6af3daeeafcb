"""Writes the versions of the model into a folder, and says on standard output which there are, one JSON object a line: `write.py MODEL FOLDER`."""

import json
import sys
from pathlib import Path

from variants import EQUAL, FAULTS, write

model, folder = Path(sys.argv[1]), Path(sys.argv[2])
for what, versions in (("fault", FAULTS), ("equal", EQUAL)):
    for index, (kind, edit) in enumerate(versions):
        path = folder / f"{what}-{index}.gguf"
        write(model, path, edit)
        print(json.dumps({"what": what, "kind": kind, "path": str(path)}), flush=True)
        # The next one is written once this one has been judged.
        sys.stdin.readline()
