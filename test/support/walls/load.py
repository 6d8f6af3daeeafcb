"""
Loads models, each in a process and a folder of its own, with nobody having inspected them: `load.py MODE SERVER < cases`.
MODE is `ours`, the model server's loader; `plain`, that of their frameworks; or `walled`, the same behind the walls of the kernel that SLIPWAY_WALLS of this process names.
Cases are JSON: [{path, reader, facts}]. Answers as JSON for each {status, says, harm, mebibytes}: how its process ended, its last line, and what it did outside of it.
"""

import fcntl
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main(mode, server):
    sys.path.append(server)
    sys.dont_write_bytecode = True
    _warm()
    import plain
    import world

    world.adopt()
    load, enter = plain.load, world.limits_alone
    if mode == "ours":
        import ours

        load = ours.load
    elif mode == "walled":
        enter = _walls(json.loads(os.environ.pop("SLIPWAY_WALLS")), world)
    # The port that the files connect to is one: another run waits.
    with open(os.path.join(tempfile.gettempdir(), "slipway-walls.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(json.dumps([world.attempted(each, load, enter) for each in json.load(sys.stdin)]))


def _warm():
    """Once for all, and not for each."""
    import joblib  # noqa: F401
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import sklearn.utils
    import skops.io  # noqa: F401

    sklearn.utils.all_estimators()


def _walls(plan, world):
    from slipway_server import walls

    def enter(root):
        own = os.path.dirname(os.path.abspath(__file__))
        model, scratch = os.path.join(root, world.MODEL), os.path.join(root, world.SCRATCH)
        given = {**plan, "read": [*plan["read"], own, model], "write": [scratch]}
        walls.enter({"SLIPWAY_WALLS": json.dumps(given)})

    return enter


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
