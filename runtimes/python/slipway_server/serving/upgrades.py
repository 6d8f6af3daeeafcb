from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class WithoutUpgrades(HttpToolsProtocol):
    """
    uvicorn's HTTP/1.1, except that a request which offers an upgrade is answered in HTTP/1.1 (RFC 9110 §7.8): Java's client offers HTTP/2, for example.
    httptools takes the data after such a head for the other protocol, so it gets the head once more, without the offer.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser = _Parser(self)

    def on_headers_complete(self) -> None:
        if not self._is_offered():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._is_offered():
            super().on_message_complete()

    def head_without_offer(self) -> bytes | None:
        """The request's head without the offer to upgrade; None where the client offers no upgrade, as with CONNECT."""
        if not self._is_offered():
            return None
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _is_offered(self) -> bool:
        return self.parser.should_upgrade() and any(name == b"upgrade" for name, _ in self.headers)


class _Parser(httptools.HttpRequestParser):
    def __init__(self, protocol: WithoutUpgrades) -> None:
        super().__init__(protocol)
        self._protocol = protocol
        # uvicorn's own parser does the same: data after a request that closes the connection is not an error of that request.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: bytes) -> None:
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            head = self._protocol.head_without_offer()
            if head is None:
                raise
            self.feed_data(head + data[offer.args[0] :])
