"""
Reads with Python's own readers what inspection has accepted: `serve.py SERVER`, SERVER being the folder `runtimes/python`.
A batch is a line of JSON, {reader, inputs: [{size, found}]}, and then the bytes of all inputs; its answer is a line of JSON, [{end, says}].
Ends: `agrees`, `refused` (by an exception of Python), and the failures `differs`, `canary`, `crash`, `hang`, `memory`.
Each batch is read in a separate process; if an input ends that process, the next input gets another one.
"""

import importlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import warnings

MEMORY_BYTES = 6 * 2**30
# The limits of a process for one input: CPU counts, and the clock is for one that waits.
CPU_SECONDS = 10
WALL_SECONDS = 60
READERS = ("pickles", "archives", "yamls", "skops_files", "xgboost_models", "lightgbm_models", "catboost_models", "onnx_models")


def main(server):
    warnings.simplefilter("ignore")
    work = tempfile.mkdtemp(prefix="slipway-differential-")
    os.chdir(work)
    os.environ["TMPDIR"] = tempfile.tempdir = work
    import watch

    wanted = sys.stdin.buffer.readline().decode().split()
    readers = {name: importlib.import_module(name) for name in READERS if name in wanted}
    watch.prepare(server)
    # From here on a written file is a canary.
    sys.dont_write_bytecode = True
    wall_in(server, work)
    print(json.dumps({"ready": sorted(readers)}), flush=True)
    while line := sys.stdin.buffer.readline():
        batch = json.loads(line)
        inputs = [(sys.stdin.buffer.read(each["size"]), each["found"]) for each in batch["inputs"]]
        print(json.dumps(ends_of(readers[batch["reader"]], inputs, watch)), flush=True)


def wall_in(server, work):
    """Sets the walls of the model server, so that an attack that gets through does no harm here: each attempt is a canary before they stop it."""
    sys.path.insert(0, os.path.join(server, "slipway_server"))
    import walls

    there = walls.look([])
    plan = {
        **{"landlock": there["landlock"], "seccomp": there["seccomp"], "namespaces": False},
        **{"read": [sys.prefix, sys.base_prefix, server, os.path.dirname(__file__), work], "write": [work], "execute": []},
        **{"limits": {}},
    }
    walls.enter({"SLIPWAY_WALLS": json.dumps(plan)})


def ends_of(reader, inputs, watch):
    ends = []
    while len(ends) < len(inputs):
        came = ended(reader, inputs[len(ends) :], watch)
        ends.extend(came)
    # A change found after a whole batch is looked for in each of its inputs.
    if len(inputs) > 1 and any(end["end"] == "changed" for end in ends):
        ends = [end if end["end"] != "changed" else ended(reader, [each], watch)[0] for end, each in zip(ends, inputs)]
    for end in ends:
        if end["end"] == "changed":
            end["end"] = "canary"
    return ends


def ended(reader, inputs, watch):
    """The ends of the first inputs, up to one that ended the process."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        read_all(reader, inputs, into, watch)
    os.close(into)
    ends, held, is_over = [], b"", False
    while not is_over:
        ready, _, _ = select.select([out], [], [], WALL_SECONDS)
        if not ready:
            os.kill(child, signal.SIGKILL)
            break
        came = os.read(out, 65536)
        is_over = not came
        held += came
        *lines, held = held.split(b"\n")
        ends.extend(json.loads(line) for line in lines)
    os.close(out)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    changed = ends.pop()["changed"] if ends and "changed" in ends[-1] else None
    if changed:
        return [end if end["end"] == "canary" else {"end": "changed", "says": changed} for end in ends]
    if len(ends) < len(inputs) or code != 0:
        hung = -code in (signal.SIGXCPU, signal.SIGKILL)
        ends = [*ends[: len(inputs) - 1], {"end": "hang" if hung else "crash", "says": f"the process ended with {code}"}]
    return ends


def read_all(reader, inputs, into, watch):
    try:
        null = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        null = os.open("null", os.O_CREAT | os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    before = watch.fingerprint()
    kept = set(os.listdir("."))
    for data, found in inputs:
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
        os.write(into, json.dumps(end_of(reader, data, found, watch)).encode() + b"\n")
    after = watch.fingerprint()
    changed = watch.changes(before, after) or [f"the file {name} came to be" for name in set(os.listdir(".")) - kept]
    os.write(into, json.dumps({"changed": "; ".join(changed[:3])}).encode() + b"\n")
    os._exit(0)


def end_of(reader, data, found, watch):
    watch.begin()
    try:
        difference = reader.difference(data, found, watch.names)
        end = {"end": "differs", "says": difference} if difference else {"end": "agrees", "says": ""}
    except MemoryError as error:
        end = {"end": "memory", "says": f"{error}"[:200]}
    except BaseException as error:
        end = {"end": "refused", "says": f"{type(error).__name__}: {error}"[:200]}
    canaries = watch.end()
    return {"end": "canary", "says": "; ".join(canaries[:3])[:300]} if canaries else end


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.setrecursionlimit(1000)
    main(sys.argv[1])
