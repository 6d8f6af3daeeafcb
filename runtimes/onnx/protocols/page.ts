import { createHash } from 'node:crypto';

/** The description of the model, shown unchanged; `curl` is null when no request is known to work. */
export type About = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly curl: string | null;
};

/** The request that the page offers: the path below the model's address `own` to which it is posted, its JSON, and whether an image may be its body instead. */
export type PageCall = {
  readonly own: string;
  readonly path: string;
  readonly body: string;
  readonly takesPicture: boolean;
};

export type Page = { readonly html: string; readonly headers: Readonly<Record<string, string>> };

const SCRIPT = `
const form = document.querySelector('form');
// A proxy in front may have the browser see this page below a prefix of which the server knows nothing.
const asked = location.pathname.replace(/\\/+$/, '');
const own = /\\/models\\/[^/]+$/.test(asked) ? asked : asked.replace(/\\/docs$/, '');
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
`;

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'textarea{box-sizing:border-box;width:100%;height:12rem;font-family:monospace}' +
  'pre{overflow:auto;padding:.5rem;background:#8882}';

const PICTURE =
  '<p><label>A picture <input type="file" name="file" accept="image/*"></label></p>\n';

const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');

// A browser that was asked for the key sends it with every request, so no other page may hold this one.
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${SCRIPT_HASH}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  vary: 'accept',
} as const;

/** A page that calls the model, whole in one answer. The gateway of one machine shows a larger page instead. */
export function pageOf(about: About, call: PageCall): Page {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(about.name)}</title>
<style>${STYLE}</style>
<h1>${escaped(about.name)}</h1>
<form data-path="${escaped(call.path)}">
<p>POST <span id="url">${escaped(call.own + call.path)}</span></p>
${call.takesPicture ? PICTURE : ''}<p><label>${call.takesPicture ? 'or JSON' : 'JSON'}<br><textarea name="body">
${escaped(call.body)}</textarea></label></p>
<p><button>Send</button></p>
</form>
<pre id="answer"></pre>
${about.curl === null ? '' : `<h2>From a shell</h2>\n<pre>${escaped(about.curl)}</pre>\n`}<h2>What it takes and answers</h2>
<pre>${escaped(JSON.stringify(about, null, 2))}</pre>
<script>${SCRIPT}</script>
</html>
`;
  return { html, headers: HEADERS };
}

export function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') ?? false;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => ESCAPES[found] ?? found);
}
