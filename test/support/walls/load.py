"""
Loads models as the model server does, each in a process and a folder of its own, with nobody having inspected them: `load.py SERVER < cases`.
Cases are JSON: [{path, facts}]. Answers as JSON for each {status, says, harm}: how its process ended, its last line, and the files that came to be there.
"""

import json
import os
import resource
import sys
import tempfile

# What an allocation without end runs into.
MEMORY_BYTES = 3 * 2**30
SECONDS = 20


def main(server):
    sys.path.insert(0, server)
    import numpy  # noqa: F401
    import sklearn.utils

    from slipway_server.adapters import load_model
    from slipway_server.config import read_facts

    # Once for all, and not for each.
    sklearn.utils.all_estimators()
    print(json.dumps([ended(each, load_model, read_facts) for each in json.load(sys.stdin)]))


def ended(case, load_model, read_facts):
    with tempfile.TemporaryDirectory() as folder:
        facts, log, work = (os.path.join(folder, name) for name in ("facts.json", "log", "work"))
        os.mkdir(work)
        with open(facts, "w") as file:
            json.dump(case["facts"], file)
        child = os.fork()
        if child == 0:
            load(case["path"], read_facts(facts), log, work, load_model)
        _, status = os.waitpid(child, 0)
        with open(log, errors="replace") as file:
            lines = file.read().strip().splitlines()
        return {"status": os.waitstatus_to_exitcode(status), "says": lines[-1] if lines else "", "harm": files_in(work)}


def files_in(folder):
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]


def load(path, facts, log, work, load_model):
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(work)
    # A file that harm is done by may be named in the scratch folder of the tests, and must not be taken for scratch.
    os.environ["TMPDIR"] = tempfile.tempdir = os.path.join(work, "scratch")
    os.mkdir(tempfile.tempdir)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        load_model(path, facts)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
