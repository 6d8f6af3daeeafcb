import { escaped, escapedJson } from './escapes.ts';
import type { Request } from './request.ts';

/** The file that a sample reads where a body is longer than anybody reads in a command. */
export const BODY_FILE = 'request.json';
const LONGEST_BODY = 1500;

export type Sample = { readonly language: string; readonly code: string };
export type Address = {
  /** The model's own, absolute, without a slash at its end. */
  readonly url: string;
  readonly wantsKey: boolean;
};

/** The same request as a program would send it. A key comes from the environment, so that it never stands in a command. */
export function samplesOf(request: Request, address: Address): readonly Sample[] {
  return [
    { language: 'curl', code: curlOf(request, address) },
    { language: 'Python', code: pythonOf(request, address) },
    { language: 'JavaScript', code: scriptOf(request, address) },
  ];
}

/** The JSON of a request, and whether it is so long that samples read it from a file. */
export function bodyOf({ body }: Request): { readonly json: string; readonly isFile: boolean } {
  const json =
    body.kind === 'json' ? escapedJson(body.value) : body.kind === 'text' ? escaped(body.text) : '';
  return { json, isFile: json.length > LONGEST_BODY };
}

function curlOf(request: Request, { url, wantsKey }: Address): string {
  const { body, path } = request;
  const { json, isFile } = bodyOf(request);
  const key = wantsKey ? [`-H "authorization: Bearer $SLIPWAY_KEY"`] : [];
  const type = `-H ${quoted(`content-type: ${typeOf(body)}`)}`;
  const data =
    body.kind === 'file'
      ? `--data-binary ${quoted(`@${body.name}`)}`
      : isFile
        ? `--data-binary @${BODY_FILE}`
        : `-d ${quoted(json)}`;
  const stream = isStream(body) ? ['-N'] : [];
  return [`curl ${[...stream, quoted(url + path)].join(' ')}`, ...key, type, data].join(' \\\n  ');
}

function pythonOf(request: Request, { url, wantsKey }: Address): string {
  const { body, path } = request;
  const { json, isFile } = bodyOf(request);
  const data = () => {
    if (body.kind === 'file') return [`    data=open(${literal(body.name)}, 'rb'),`];
    if (isFile) return [`    data=open('${BODY_FILE}', 'rb'),`];
    return body.kind === 'text'
      ? [`    data=${literal(json)}.encode(),`]
      : [`    json=${pythonValue(body.value)},`];
  };
  const isTyped = body.kind === 'json' && !isFile;
  const headers = [
    ...(wantsKey ? ["'authorization': 'Bearer ' + os.environ['SLIPWAY_KEY']"] : []),
    ...(isTyped ? [] : [`'content-type': ${literal(typeOf(body))}`]),
  ];
  const stream = isStream(body);
  return [
    ...(wantsKey ? ['import os', ''] : []),
    'import requests',
    '',
    'response = requests.post(',
    `    ${literal(url + path)},`,
    ...data(),
    ...(headers.length > 0 ? [`    headers={${headers.join(', ')}},`] : []),
    ...(stream ? ['    stream=True,'] : []),
    ')',
    'response.raise_for_status()',
    ...(stream
      ? ['for line in response.iter_lines():', '    print(line.decode())']
      : ['print(response.json())']),
    '',
  ].join('\n');
}

function scriptOf(request: Request, { url, wantsKey }: Address): string {
  const { body, path } = request;
  const { json, isFile } = bodyOf(request);
  const name = body.kind === 'file' ? body.name : BODY_FILE;
  const readsFile = body.kind === 'file' || isFile;
  const data = () => {
    if (readsFile) return `await readFile(${literal(name)})`;
    // An object with a property `__proto__`, as a literal, would not have it.
    if (body.kind === 'text' || json.includes('__proto__')) return literal(json);
    return `JSON.stringify(${json})`;
  };
  return [
    ...(readsFile ? ["import { readFile } from 'node:fs/promises';", ''] : []),
    `const response = await fetch(${literal(url + path)}, {`,
    "  method: 'POST',",
    '  headers: {',
    ...(wantsKey ? ['    authorization: `Bearer ${process.env.SLIPWAY_KEY}`,'] : []),
    `    'content-type': ${literal(typeOf(body))},`,
    '  },',
    `  body: ${data()},`,
    '});',
    'if (!response.ok) throw new Error(await response.text());',
    ...(isStream(body)
      ? [
          'const decoder = new TextDecoder();',
          'for await (const bytes of response.body) {',
          '  console.log(decoder.decode(bytes, { stream: true }));',
          '}',
        ]
      : ['console.log(await response.json());']),
    '',
  ].join('\n');
}

export function typeOf(body: Request['body']): string {
  return body.kind === 'file' ? body.type : 'application/json';
}

function isStream(body: Request['body']): boolean {
  return body.kind === 'json' && Object(body.value).stream === true;
}

/** A word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A literal that JavaScript and Python both read as this text. */
function literal(text: string): string {
  const inner = escapedJson(text).slice(1, -1);
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function pythonValue(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return literal(value);
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const items = Object.entries(value).map(
    ([name, item]) => `${literal(name)}: ${pythonValue(item)}`,
  );
  return `{${items.join(', ')}}`;
}
