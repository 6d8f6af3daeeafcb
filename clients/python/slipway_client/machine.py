"""The Slipway of a data folder on this machine, by its control API."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .failure import Failure
from .http_request import send
from .place import Event, Sent, Upload, chunks


class Machine:
    """`data` is Slipway's data folder. Slipway may start again meanwhile: its address and token are read anew for each request."""

    look_seconds = 0.2

    def __init__(self, data: Path) -> None:
        self.data = data

    def url(self, model: str) -> str:
        return f"{self._instance()['gateway']}/models/{model}"

    def put(self, upload: Upload, sent: Sent) -> str | None:
        path = f"/objects/{quote(upload.key)}"
        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(upload.size_bytes),
        }
        if isinstance(upload.content, bytes):
            answer = self._control(path, "PUT", headers, upload.content)
        else:
            with upload.content.open("rb") as file:
                answer = self._control(path, "PUT", headers, chunks(file, sent))
        started = answer["deploymentId"]
        return None if started is None else str(started)

    def keys(self, prefix: str) -> list[str]:
        return list(self._control(f"/objects?{urlencode({'prefix': prefix})}")["keys"])

    def remove(self, key: str) -> None:
        self._control(f"/objects/{quote(key)}", "DELETE")

    def events(self, deployment: str, after: str) -> list[Event]:
        query = urlencode({"deployment": deployment, "follow": "false"})
        headers = {"last-event-id": after} if after else {}
        text, _ = self._send(f"/events?{query}", headers=headers)
        return [
            Event.of(cursor, event["detail"])
            for cursor, event in _messages(text.decode())
            if event["detail-type"] == "Deployment State Change"
        ]

    def stage(self, deployment: str) -> str:
        for build in self._control("/builds")["builds"]:
            if build["deploymentId"] == deployment:
                return str(build["stage"] or "")
        return ""

    def versions(self, model: str) -> list[Mapping[str, Any]]:
        return list(self._control(f"/models/{model}/versions")["versions"])

    def roll_back(self, model: str, to: int | None) -> tuple[str | None, str]:
        query = "" if to is None else f"?to={to}"
        asked = self._control(f"/models/{model}/rollback{query}", "POST")
        return asked["deploymentId"], str(asked["says"])

    def ask(self, model: str, body: bytes) -> tuple[bytes, str]:
        headers = {"content-type": "application/json"}
        url = f"{self.url(model)}/invocations"
        return send(url, method="POST", headers=headers, body=body, is_here=True)

    def _control(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> dict[str, Any]:
        answer, _ = self._send(path, method, headers, body)
        found = json.loads(answer)
        if not isinstance(found, dict):
            raise TypeError(f"the control API answered {type(found).__name__} to {path}")
        return found

    def _send(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> tuple[bytes, str]:
        instance = self._instance()
        named = {**(headers or {}), "authorization": f"Bearer {instance['token']}"}
        url = f"{instance['control']}{path}"
        return send(url, method=method, headers=named, body=body, is_here=True)

    def _instance(self) -> dict[str, str]:
        file = self.data / "instance.json"
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except PermissionError as error:
            raise Failure(
                "PlatformDenied",
                f"{file} can only be read by the user that runs Slipway",
                "Run Python as that user.",
            ) from error
        except OSError as error:
            raise Failure(
                "PlatformUnavailable",
                f"no Slipway runs on {self.data}",
                "Start it with `slipway start`, or name its data folder: connect(data=...).",
            ) from error
        return dict(found)


def find_data(named: str | os.PathLike[str] | None) -> Path:
    """The data folder: as named, as SLIPWAY_DATA says, or `.slipway` here or in a folder above."""
    if named or os.environ.get("SLIPWAY_DATA"):
        return Path(named or os.environ["SLIPWAY_DATA"]).absolute()
    here = Path.cwd()
    for folder in [here, *here.parents]:
        if (folder / ".slipway" / "instance.json").is_file():
            return folder / ".slipway"
    return here / ".slipway"


def _messages(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The server-sent events of a text, as cursors and JSON."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line[:8])
        if "data" in fields:
            found.append((fields.get("id", ""), json.loads(fields["data"])))
    return found
