import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Answers a request for the Python client's wheel, or for the page that links to it; undefined for any other. */
export type PythonClient = (request: Request) => Promise<Response | undefined>;

const FOLDER = '/python/';
const SOURCES = fileURLToPath(new URL('../../clients/python/slipway_client/', import.meta.url));
// As clients/python/pyproject.toml says: a test compares this wheel with one that pip makes from there.
const NAME = 'slipway-client';
const ABOUT = ['Requires-Python: >=3.9', 'Provides-Extra: aws'];
const NEEDS = 'Requires-Dist: boto3>=1.34 ; extra == "aws"';

/**
 * Serves the Python client as a wheel: `pip install --no-index --find-links ORIGIN/python/ slipway-client`.
 * It holds no secret, and pip sends no token, so everyone who reaches the port gets it.
 */
export function pythonClient(version: string): PythonClient {
  const file = `${NAME.replace('-', '_')}-${version}-py3-none-any.whl`;
  let made: Promise<Uint8Array<ArrayBuffer>> | undefined;

  return async ({ method, url }) => {
    const { pathname } = new URL(url);
    if (!pathname.startsWith(FOLDER) || (method !== 'GET' && method !== 'HEAD')) return undefined;
    const name = pathname.slice(FOLDER.length);
    if (name !== '' && name !== file) return undefined;
    made ??= wheel(version);
    const bytes = await made;
    const headers = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' };
    if (name === file) {
      return new Response(bytes, { headers: { ...headers, 'content-type': 'application/zip' } });
    }
    const link = `<!doctype html><title>${NAME}</title><a href="${file}#sha256=${sha256(bytes, 'hex')}">${file}</a>\n`;
    return new Response(link, {
      headers: {
        ...headers,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'",
      },
    });
  };
}

/** The wheel's bytes: https://packaging.python.org/en/latest/specifications/binary-distribution-format/ */
async function wheel(version: string): Promise<Uint8Array<ArrayBuffer>> {
  // Loaded lazily: few ask for it.
  const { strToU8, zipSync } = await import('fflate');
  const info = `${NAME.replace('-', '_')}-${version}.dist-info`;
  const metadata = ['Metadata-Version: 2.1', `Name: ${NAME}`, `Version: ${version}`, ...ABOUT];
  const kind = ['Wheel-Version: 1.0', 'Generator: slipway', 'Root-Is-Purelib: true'];
  const files: Record<string, Uint8Array> = {
    ...sources(),
    [`${info}/METADATA`]: strToU8([...metadata, NEEDS, ''].join('\n')),
    [`${info}/WHEEL`]: strToU8([...kind, 'Tag: py3-none-any', ''].join('\n')),
  };
  const records = Object.entries(files).map(
    ([path, bytes]) => `${path},sha256=${sha256(bytes, 'base64url')},${bytes.length}`,
  );
  const record = `${info}/RECORD`;
  const all = { ...files, [record]: strToU8([...records, `${record},,`, ''].join('\n')) };
  // The oldest date of a zip, so that the same files make the same wheel.
  return new Uint8Array(zipSync(all, { mtime: new Date(1980, 0, 1) }));
}

function sources(): Record<string, Uint8Array> {
  const names = readdirSync(SOURCES).filter((name) => /^(\w+\.py|py\.typed)$/.test(name));
  return Object.fromEntries(
    names.sort().map((name) => [`slipway_client/${name}`, readFileSync(join(SOURCES, name))]),
  );
}

function sha256(bytes: Uint8Array, encoding: 'hex' | 'base64url'): string {
  return createHash('sha256').update(bytes).digest(encoding);
}
