import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = new URL('../', import.meta.url);
const STYLES = ['look/look.css', 'try/try.css'];

/** Where model servers have the page, as each of them reads it. */
const TYPESCRIPT = 'runtimes/onnx/protocols/page-html.ts';
const PLAIN = 'runtimes/python/slipway_server/protocols/page.html';

/**
 * The page that calls a model as one file, by its paths in the repository: a model's server in an account has it whole, since each further file would be one more call of a function.
 * It knows nothing of the model that it is for: it asks the server below whose address it is shown.
 */
export async function pageFiles(): Promise<ReadonlyMap<string, string>> {
  const html = await page();
  const code = `// Made by \`npm run page\`.\nexport const PAGE_HTML = ${JSON.stringify(html)};\n`;
  return new Map([
    [TYPESCRIPT, code],
    [PLAIN, html],
  ]);
}

async function page(): Promise<string> {
  const [script, style, icon] = await Promise.all([scriptOf(), styleOf(), textOf('look/icon.svg')]);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data: blob:',
    'media-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Model</title>
<link rel="icon" href="data:image/svg+xml;base64,${Buffer.from(icon).toString('base64')}">
<style>${style}</style>
<div id="try"></div>
<script type="module">${script}</script>
</html>
`;
}

async function scriptOf(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('console/try/page.ts', ROOT))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    charset: 'ascii',
    // A comment of a licence at its end, where there is one.
    legalComments: 'eof',
  });
  // Within a page only this ends a script.
  return (outputFiles[0]?.text ?? '')
    .replaceAll('</script', '<\\/script')
    .replaceAll('<!--', '<\\!--');
}

async function styleOf(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: STYLES.map((path) => `@import './${path}';`).join('\n'),
      loader: 'css',
      resolveDir: fileURLToPath(new URL('console', ROOT)),
    },
    bundle: true,
    minify: true,
    write: false,
    target: 'es2023',
  });
  return outputFiles[0]?.text ?? '';
}

function textOf(path: string): Promise<string> {
  return readFile(new URL(`console/${path}`, ROOT), 'utf8');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

if (import.meta.main) {
  for (const [path, content] of await pageFiles()) await writeFile(new URL(path, ROOT), content);
}
