from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

_SCRIPT = r"""
const form = document.querySelector('form');
// A proxy in front may have the browser see this page below a prefix of which the server knows nothing.
const asked = location.pathname.replace(/\/+$/, '');
const own = /\/models\/[^/]+$/.test(asked) ? asked : asked.replace(/\/docs$/, '');
const url = own + form.dataset.path;
document.getElementById('url').textContent = url;
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = document.getElementById('answer');
  const file = form.elements.file?.files[0];
  answer.textContent = '…';
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': file ? file.type || 'application/octet-stream' : 'application/json' },
      body: file ?? form.elements.body.value,
    });
    answer.textContent = response.status + ' ' + (await response.text());
  } catch (error) {
    answer.textContent = String(error);
  }
});
"""

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "textarea{box-sizing:border-box;width:100%;height:12rem;font-family:monospace}"
    "pre{overflow:auto;padding:.5rem;background:#8882}"
)

_FILE = '<p><label>A file <input type="file" name="file"></label></p>\n'

_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()

# A browser that was asked for the key sends it with every request, so no other page may hold this one.
_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "vary": "accept",
}


def page_of(about: dict[str, Any], own: str, path: str, body: str, takes_file: bool) -> tuple[bytes, dict[str, str]]:
    """A page that posts `body`, or a file, to `path` below the model's address `own`, whole in one answer. The gateway of one machine shows a larger page instead."""
    name, curl = escape(about["name"]), about["curl"]
    shell = f"<h2>From a shell</h2>\n<pre>{escape(curl, quote=False)}</pre>\n" if curl else ""
    html = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>{_STYLE}</style>
<h1>{name}</h1>
<form data-path="{escape(path)}">
<p>POST <span id="url">{escape(own + path)}</span></p>
{_FILE if takes_file else ""}<p><label>{"or JSON" if takes_file else "JSON"}<br><textarea name="body">
{escape(body, quote=False)}</textarea></label></p>
<p><button>Send</button></p>
</form>
<pre id="answer"></pre>
{shell}<h2>What it takes and answers</h2>
<pre>{escape(json.dumps(about, ensure_ascii=False, indent=2), quote=False)}</pre>
<script>{_SCRIPT}</script>
</html>
"""
    return html.encode("utf-8", "replace"), _HEADERS


def wants_page(accept: str) -> bool:
    return "text/html" in accept
