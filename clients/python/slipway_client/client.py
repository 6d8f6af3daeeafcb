"""The Slipway that a program talks to, and the models on it."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import Failure
from .machine import Machine, find_data
from .place import ENDINGS, Event, Place, Upload
from .progress import REACHED, Progress, progress
from .saving import Saved, save, torch_inputs
from .values import PROTOCOL_KEYS, first_rows, json_of, request_of

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MANIFEST = "model.yaml"
EXAMPLE_ROWS = 5


def connect(
    data: str | os.PathLike[str] | None = None,
    *,
    stage: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    key: str | None = None,
) -> Slipway:
    """The Slipway on this machine, or with a stage, a region or a profile that of an AWS account.

    `data` is the data folder on this machine; by default SLIPWAY_DATA names it, or it is `.slipway`
    here or in a folder above. In an account boto3 is needed, and `key` (or SLIPWAY_KEY) is the key
    that calls models; the environment variable SLIPWAY_STAGE names a stage too.
    """
    stage = stage or (None if data else os.environ.get("SLIPWAY_STAGE"))
    if stage or region or profile:
        from .account import Account

        key = key or os.environ.get("SLIPWAY_KEY")
        return Slipway(Account(stage or "dev", region=region, profile=profile, key=key))
    return Slipway(Machine(find_data(data)))


@dataclass(frozen=True)
class Version:
    """A version that went live. `state` is Live, Retired (it can start again) or Removed."""

    version: int
    state: str
    target: str
    artifact: str
    live_at: float


class Slipway:
    """A Slipway on one machine or in an account; `connect` makes it."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def model(self, name: str) -> Model:
        """A model by its name, whether or not it is deployed yet."""
        return Model(self._place, _checked(name))

    def deploy(
        self,
        model: Any,
        *,
        name: str,
        example: Any = None,
        manifest: Mapping[str, Any] | None = None,
        requirements: list[str] | None = None,
    ) -> Model:
        """Deploys a model, waits until it is live, and returns it.

        `model` is a fitted estimator of scikit-learn, XGBoost, LightGBM or CatBoost, a torch or
        Keras model, a spaCy pipeline, an ONNX model, a function that answers requests, or a path.
        `example` is an input, such as a few rows: the version has to answer it before it gets any
        traffic, and a torch module is exported with it. `manifest` has other keys of `model.yaml`.
        `requirements` replaces the packages that are installed beside the framework.

        Raises a `Failure` with Slipway's name, reason and fix if the version is refused or does
        not work; the version that was live then stays so.
        """
        _checked(name)
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            saved = save(model, Path(folder), example, requirements)
            described = _described(saved, example, manifest, model)
            shown = progress(name)
            deployment = self._upload(name, saved.path, described, shown)
        follow(self._place, deployment, shown)
        return self.model(name)

    def _upload(self, name: str, path: Path, manifest: Mapping[str, Any], shown: Progress) -> str:
        uploads = (_folder if path.is_dir() else _file)(name, path, manifest)
        if path.is_dir():
            self._clear(f"models/{name}/{path.name}/", {upload.key for upload in uploads})
        total = sum(upload.size_bytes for upload in uploads) or 1
        before, deployment = 0, None
        for upload in uploads:
            sent_before = before

            def sent(count: int, sent_before: int = sent_before) -> None:
                share = 100 * (sent_before + count) // total
                shown.show(share // 10, f"Uploading  {share} %")

            deployment = self._place.put(upload, sent)
            before += upload.size_bytes
        if deployment is None:
            for upload in uploads:
                self._place.remove(upload.key)
            raise Failure(
                "InputInvalid", f"{path.name} is not a model's file", "Pass a model, or its folder."
            )
        return deployment

    def _clear(self, prefix: str, keys: set[str]) -> None:
        """Removes what an earlier deployment left there: it is not part of this one."""
        for key in self._place.keys(prefix):
            if key not in keys:
                self._place.remove(key)


class Model:
    """A model on a Slipway, live or not."""

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        self.name = name

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    @property
    def url(self) -> str:
        """The base of the model's URLs; requests go to `/invocations` below it."""
        return self._place.url(self.name)

    def predict(self, value: Any) -> Any:
        """The live version's answer to a table, an array, rows, or any JSON.

        The answer is that of the model's only output, or a dict of outputs by name, as Python's
        own numbers, texts and lists; bytes if the model answers with something other than JSON.
        """
        body = json.dumps(request_of(value), allow_nan=False).encode()
        answer, kind = self._place.ask(self.name, body)
        if kind != "application/json":
            return answer
        found = json.loads(answer)
        is_wrapped = isinstance(found, dict) and found.keys() == {"predictions"}
        return found["predictions"] if is_wrapped else found

    def versions(self) -> list[Version]:
        """The versions that went live, newest first."""
        return [
            Version(
                version=each["version"],
                state=each["state"],
                target=each["target"],
                artifact=each.get("artifact", ""),
                live_at=each["liveAtMs"] / 1000,
            )
            for each in self._place.versions(self.name)
        ]

    def rollback(self, version: int | None = None) -> Version:
        """Makes an earlier version live again, the one before by default, and returns it.

        Nothing is built. Fails with `InputInvalid` for a version that cannot start again.
        """
        deployment, says = self._place.roll_back(self.name, version)
        # Until the version before has drained, its state is Live too: the event says which is live.
        live = None if deployment is None else self._follow(deployment).version
        for each in self.versions():
            if each.version == live or (live is None and each.state == "Live"):
                return each
        raise Failure("PhaseConflict", f"no version of {self.name} is live: {says}")

    def _follow(self, deployment: str) -> Event:
        return follow(self._place, deployment, progress(self.name))


def follow(place: Place, deployment: str, shown: Progress) -> Event:
    """Shows a deployment's progress until it ends; fails if it does not end live."""
    cursor, newest, percent = "", None, 10
    while True:
        for event in place.events(deployment, cursor):
            cursor, newest = event.cursor, event
            # A deployment may go back to a state, as when it waits again.
            percent = max(percent, REACHED.get(event.state, percent))
        if newest and newest.state in ENDINGS:
            return _ended(shown, newest)
        shown.show(percent, _told(newest, place, deployment))
        time.sleep(place.look_seconds)


def _told(newest: Event | None, place: Place, deployment: str) -> str:
    if newest is None:
        return "Uploaded"
    if newest.state == "Building":
        return f"Building  {place.stage(deployment)}"
    return f"{newest.state}  {newest.reason}"


def _ended(shown: Progress, event: Event) -> Event:
    version = "" if event.version is None else f"v{event.version} "
    why = f": {event.reason}" if event.reason else ""
    shown.end(event.state in {"Live", "Ignored"}, f"{version}{event.state}{why}")
    # Ignored is, as for `slipway push`, what changes nothing: the bytes that are live already.
    if event.state in {"Live", "Ignored"}:
        return event
    name = str(event.data.get("error") or event.state)
    raise Failure(name, event.reason or f"the deployment ended as {event.state}", event.fix)


def _checked(name: str) -> str:
    if NAME.fullmatch(name):
        return name
    raise Failure(
        "InputInvalid",
        f"`{name}` is not a valid model name",
        "Give 1 to 40 lower-case letters, digits and inner hyphens.",
    )


def _described(
    saved: Saved, example: Any, manifest: Mapping[str, Any] | None, model: Any
) -> dict[str, Any]:
    """The manifest: what follows from the model, its example, and the user's own keys."""
    given = {**saved.manifest, **(manifest or {})}
    if example is None:
        return given
    if "examples" in given:
        raise Failure("InputInvalid", "both `example` and the manifest have examples")
    return {**given, "examples": [{"request": _example_request(model, example)}]}


def _example_request(model: Any, example: Any) -> Any:
    if isinstance(example, Mapping) and PROTOCOL_KEYS & example.keys():
        return json_of(example)
    if hasattr(model, "forward") and not hasattr(model, "graph_module"):
        tensors = torch_inputs(model, example)
        values = {name: json_of(value) for name, value in tensors.items()}
        return {"inputs": next(iter(values.values())) if len(values) == 1 else values}
    return request_of(first_rows(example, EXAMPLE_ROWS))


def _file(name: str, path: Path, manifest: Mapping[str, Any]) -> list[Upload]:
    """The manifest, the tensors that an ONNX model keeps beside it, and last the model."""
    key = f"models/{name}/{path.name}"
    own = path.with_name(f"{path.name}.yaml")
    beside = [path.with_name(path.name + ending) for ending in (".data", "_data")]
    data = [each for each in beside if path.suffix == ".onnx" and each.is_file()]
    return [
        Upload(f"{key}.yaml", _manifest(manifest, own)),
        *(Upload(f"models/{name}/{each.name}", each) for each in data),
        Upload(key, path),
    ]


def _folder(name: str, path: Path, manifest: Mapping[str, Any]) -> list[Upload]:
    """The files, and last the manifest, which starts the deployment."""
    prefix = f"models/{name}/{path.name}/"
    files = sorted(file for file in path.rglob("*") if file.is_file())
    named = [(file.relative_to(path), file) for file in files]
    return [
        *(
            Upload(prefix + relative.as_posix(), file)
            for relative, file in named
            if relative.as_posix() != MANIFEST and not _is_hidden(relative)
        ),
        Upload(prefix + MANIFEST, _manifest(manifest, path / MANIFEST)),
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _manifest(described: Mapping[str, Any], own: Path) -> bytes:
    """The user's own file, or what is described: JSON is YAML too."""
    if not own.is_file():
        return json.dumps(json_of(described), indent=2).encode()
    if not described:
        return own.read_bytes()
    raise Failure(
        "InputInvalid",
        f"{own.name} beside the model would be written over",
        "Write the example and the other keys in that file, or move it away.",
    )
