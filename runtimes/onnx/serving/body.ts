import type { IncomingMessage } from 'node:http';
import { MIMEType } from 'node:util';
import { refusal } from '../refusal.ts';
import { worded } from '../worded.ts';
import { codingOf, decoded } from './coding.ts';

/**
 * The request's body, decompressed. Refuses with 413 a body over `maxBytes`.
 * The rest of a refused body is read and dropped, so that the client sees the answer.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const coding = codingOf(request.headers['content-encoding']);
  return decoded(await readBytes(request, maxBytes), coding, maxBytes);
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** The text without the byte-order mark that some programs write first. Refuses with 400 bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    const [first = 0, second = 0] = bytes;
    const isUtf16 = first + second === 0xff + 0xfe && Math.abs(first - second) === 1;
    throw refusal(400, isUtf16 ? UTF_16 : notText(bytes));
  }
}

const UTF_16 = worded('utf16');

// The first bytes of a file of each kind, in Latin-1.
const KINDS = [
  ['PAR1', worded('parquet')],
  ['ARROW1', worded('arrow')],
  ['\x93NUMPY', worded('numpyFile')],
  ['PK\x03\x04', worded('archive')],
  ['\x1f\x8b', worded('gzipUndeclared')],
] as const;

function notText(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  const [, kind] = KINDS.find(([first]) => start.startsWith(first)) ?? [];
  return kind ? worded('bodyIsFile', kind) : worded('notUtf8');
}

const FORM = worded('fileAsBody');

// The defaults of curl -d and fetch for a text and of aiohttp for bytes, and names of JSON from before it was registered.
const TAKEN_FOR_JSON = new Set([
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/octet-stream',
  'text/json',
]);

/** The declared content type: JSON, a type taken for it, or one of `also`, in UTF-8; refuses any other with 415. */
export function typeOf(request: IncomingMessage, also: readonly string[]): string {
  const declared = request.headers['content-type'] || 'application/json';
  const takes = ['application/json', ...also].join(' or ');
  const { essence: written, params } = parseType(declared, takes);
  const essence = oneNameOf(written);
  const isJson = /^application\/(.+\+)?json$/.test(essence) || TAKEN_FOR_JSON.has(essence);
  if (!isJson && !also.includes(essence)) {
    const way = essence === 'multipart/form-data' ? FORM : '';
    throw refusal(415, worded('contentTypeTakes', essence, takes, way));
  }
  const charset = params.get('charset') ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw refusal(415, worded('charsetTakes', charset));
  }
  return essence;
}

/** The content type of JSON Lines, a value in each line; the names that pandas, SageMaker and others use count as the same, since no name is registered. */
export const JSON_LINES = 'application/x-ndjson';
const LINES = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)$/;
const CSV = /^(application\/csv|text\/x-csv)$/;

function oneNameOf(essence: string): string {
  if (LINES.test(essence)) return JSON_LINES;
  return CSV.test(essence) ? 'text/csv' : essence;
}

function parseType(contentType: string, takes: string): MIMEType {
  try {
    return new MIMEType(contentType);
  } catch {
    throw refusal(415, `the content type is "${contentType}"; it takes ${takes}`);
  }
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  return new Promise((resolve, reject) => {
    const refuse = (size: string) => reject(refusal(413, worded('bodyTooLarge', size, maxBytes)));
    if (declared > maxBytes) return refuse(String(declared));

    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else refuse(`more than ${maxBytes}`);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}
