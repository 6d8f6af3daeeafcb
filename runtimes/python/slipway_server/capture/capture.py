from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import os
import random
import secrets
import sys
import time
from bisect import insort
from dataclasses import dataclass
from typing import Any, Callable

from ..worded import worded
from .fields import Asked, Fields, NotKept, kept_of
from .seal import seal

_HOUR_MS = 3_600_000
_SCHEDULED_SECONDS = 0.25
_COUNTS_SECONDS = 60
_MOST_BODY_BYTES = 200_000
# CloudWatch takes 256 KiB as one event, and cuts what is longer.
_MOST_LINE_BYTES = 250_000
# The other bytes of a line, beside the sealed ones.
_AROUND_BYTES = 500
# Answers to Slipway's own probes carry such an id: nobody's requests.
_PROBE = "slipway-probe"
_DAYS, _KEY_BYTES = 31, 32
_STDOUT = 1


@dataclass(frozen=True)
class CaptureConfig:
    """Which requests are kept, and for whom: public keys of X25519, one for each day of a month; the most requests of an hour, the most bytes of their lines, for how many days they may be opened, and the fields that are private."""

    keys: tuple[bytes, ...]
    requests: int
    bytes: int
    days: int
    private: tuple[str, ...]


def read_capture(value: str) -> CaptureConfig | None:
    """Reads the variable CAPTURE; None where it is empty. Raises ValueError with one line for any other value."""
    if not value:
        return None
    try:
        said = json.loads(value)
        keys = base64.b64decode(said["keys"], validate=True)
        requests, most, days, private = said["requests"], said["bytes"], said["days"], said["private"]
        is_right = len(keys) == _DAYS * _KEY_BYTES and all(type(each) is int and each > 0 for each in (requests, most, days))
        if is_right and isinstance(private, list) and all(isinstance(each, str) for each in private):
            parts = tuple(keys[at : at + _KEY_BYTES] for at in range(0, len(keys), _KEY_BYTES))
            return CaptureConfig(parts, requests, most, days, tuple(private))
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(worded("captureTakes"))


class Capture:
    """
    Keeps some requests of clients: of each hour the ones with the lowest ranks, which are drawn at random, so that those of several servers are a sample of all when the lowest of them are taken.
    Each is sealed at once, by the public key of its day, and written as a line of the log: a server that is killed loses none. Nothing of it is ever raised.
    """

    def __init__(self, config: CaptureConfig, revision: str) -> None:
        self._config = config
        self._revision = revision
        # Tells the counts of one server from those of another.
        self._server = secrets.token_hex(4)
        self._is_untold = False
        self._drawn = 0
        self._under_way = 0
        self._begin(0)

    def _begin(self, hour: int) -> None:
        self._hour = hour
        self._ranks: list[int] = []
        self._counts = dict.fromkeys(("seen", "kept", "full", "large", "private", "form", "failed"), 0)
        self._bytes_left = self._config.bytes

    def draw(self, id_: str) -> tuple[int, int] | None:
        """Counts a request that is about to be answered with 200. The time and the rank of one that is drawn, whose place among the hour's it takes; None for any other."""
        if id_.startswith(_PROBE):
            return None
        at = time.time_ns() // 1_000_000
        hour = at // _HOUR_MS
        if hour != self._hour:
            self.flush()
            self._begin(hour)
        self._counts["seen"] += 1
        if not self._is_untold:
            asyncio.get_running_loop().call_later(_COUNTS_SECONDS, self.flush)
        self._is_untold = True
        rank = random.getrandbits(32)
        if len(self._ranks) >= self._config.requests and rank >= self._ranks[-1]:
            return None
        # Its place is taken before it is sealed: others come meanwhile.
        insort(self._ranks, rank)
        del self._ranks[self._config.requests :]
        self._drawn += 1
        return at, rank

    async def keep(self, drawn: tuple[int, int], id_: str, asked: Asked, names: Callable[[], tuple[tuple[str, ...], tuple[str, ...], bool]]) -> None:
        """Keeps a request that is drawn, once its client has the answer."""
        at, rank = drawn
        counts, ranks = self._counts, self._ranks
        self._drawn -= 1
        self._under_way += 1
        try:
            outcome = await self._kept(id_, asked, names, at, rank)
        finally:
            self._under_way -= 1
        counts[outcome] += 1
        if outcome != "kept" and rank in ranks:
            ranks.remove(rank)

    async def _kept(self, id_: str, asked: Asked, names: Callable[[], Any], at: int, rank: int) -> str:
        """Keeps a request, and says what became of it. A failure is counted, and its message shown to nobody: it may quote the request."""
        if len(asked.body) > _MOST_BODY_BYTES or len(asked.answer) > _MOST_BODY_BYTES:
            return "large"
        try:
            fields = Fields(*names(), self._config.private)
            line = await asyncio.to_thread(self._sealed, id_, asked, fields, at, rank)
        except NotKept as not_kept:
            return not_kept.reason
        except Exception:
            return "failed"
        if len(line) + _AROUND_BYTES > _MOST_LINE_BYTES:
            return "large"
        if len(line) + _AROUND_BYTES > self._bytes_left:
            return "full"
        self._bytes_left -= len(line) + _AROUND_BYTES
        self._tell(line, kept=1)
        return "kept"

    def _sealed(self, id_: str, asked: Asked, fields: Fields, at: int, rank: int) -> str:
        """The part of a line that is sealed, with what is not secret of it."""
        body = kept_of(asked, fields)
        said = {"id": id_, "path": asked.path, "type": asked.type, "bodyBytes": len(body), "caller": _fingerprint(asked.caller)}
        head = json.dumps(said, ensure_ascii=False)
        message = gzip.compress(head.encode() + b"\n" + body + asked.answer, 6)
        # The 31 keys are those of the days of a month.
        key = self._config.keys[time.gmtime(at // 1000).tm_mday - 1]
        enc, sealed = seal(key, message, f"slipway-kept 1\n{self._revision}\n{at}\n{rank}".encode())
        return f',"at":{at},"rank":{rank},"enc":"{base64.b64encode(enc).decode()}","sealed":"{base64.b64encode(sealed).decode()}"'

    async def idle(self) -> None:
        """Waits for what is being sealed, and writes the last counts."""
        # Falcon's scheduled tasks begin in the meantime; the task of a client that has left never does.
        until = asyncio.get_running_loop().time() + _SCHEDULED_SECONDS
        while self._drawn > 0 and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
        while self._under_way > 0:
            await asyncio.sleep(0.01)
        self.flush()

    def flush(self) -> None:
        """Writes what it has counted since its last line."""
        if self._is_untold:
            self._tell("")

    def _tell(self, more: str, kept: int = 0) -> None:
        self._is_untold = False
        counts = {**self._counts, "kept": self._counts["kept"] + kept}
        said = {"slipwayKept": 1, "revision": self._revision, "server": self._server, "hour": self._hour, "most": self._config.requests, "days": self._config.days, "counts": counts}
        line = json.dumps(said, separators=(",", ":"))[:-1] + more + "}\n"
        _write(line.encode())


def _fingerprint(caller: str) -> str:
    """Tells one client from another, and says nothing else of it."""
    return hashlib.sha256(f"slipway-caller\n{caller}".encode()).hexdigest()[:8] if caller else ""


def _write(line: bytes) -> None:
    """In one piece, after what the model has printed so far. A model's code may have closed `sys.stdout` or put anything in its place, so it goes to the descriptor itself."""
    try:
        sys.stdout.flush()
    except Exception:
        pass
    try:
        while line:
            line = line[os.write(_STDOUT, line) :]
    except OSError:
        pass
