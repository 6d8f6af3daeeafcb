from __future__ import annotations

from pathlib import Path

# A page that calls the model, whole in one answer and the same for all models: it asks the server for the rest. `npm run page` makes it.
PAGE = Path(__file__).with_name("page.html").read_bytes()

# The page has the rest of its policy in itself. A browser that was asked for the key sends it with every request, so no other page may hold this one.
PAGE_HEADERS = {
    "content-security-policy": "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "vary": "accept",
}


def wants_page(accept: str) -> bool:
    return "text/html" in accept
