import { copyFile, mkdir, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { readEvents } from '../client.ts';
import { followDeployment } from '../follow.ts';
import { type Output, seconds } from '../output.ts';
import { drawLine } from './line-image.ts';
import { READER_MODEL, readerRequest, readText } from './line-reader.ts';

const MODEL = 'ocr';
const DEFAULT_DATA_DIR = '.slipway';
const TEXT = 'Total 431.50';

/** Where the demo runs: the data folder of a Slipway, and its two addresses. */
type Place = { readonly dataDir: string; readonly gateway: string; readonly control: string };

/** Drops the demo model unless it is live, reads a drawn line of text with it, and answers whether it read what was drawn. */
export async function runDemo(place: Place, isLive: boolean, output: Output): Promise<boolean> {
  if (isLive) output.line(`the demo model \`${MODEL}\` is live`);
  else await deploy(place, output);
  const endpoint = `${place.gateway}/models/${MODEL}`;
  output.line(`\nendpoint  ${endpoint}`);

  const image = drawLine(TEXT);
  const folder = join(place.dataDir, 'demo');
  const requestFile = join(folder, 'request.json');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'line.png'), image.png);
  await writeFile(requestFile, JSON.stringify(readerRequest(image)));

  const startedAtMs = performance.now();
  const text = readText(await infer(endpoint, readerRequest(image)));
  output.data({ endpoint, drawn: TEXT, read: text });
  output.line(`drawn     ${TEXT}    (${join(folder, 'line.png')})`);
  output.line(`read      ${text}    (${seconds(startedAtMs).trim()})`);
  output.line(tryNext(endpoint, requestFile, place.dataDir));
  return text === TEXT;
}

export const DEMO_MODEL = MODEL;

async function deploy({ dataDir, control }: Place, output: Output): Promise<void> {
  let after = '';
  for await (const { cursor } of readEvents(control, { model: MODEL, follow: false }))
    after = cursor;

  const folder = join(dataDir, 'bucket', 'models', MODEL);
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'pp-ocrv4-rec.onnx');
  const startedAtMs = performance.now();
  output.line(`\nPP-OCRv4 text recogniser → ${file}`);
  await copyFile(READER_MODEL, `${file}.part`);
  // A file written long before it is renamed in is taken at once.
  const { atime, mtime } = await stat(READER_MODEL);
  await utimes(`${file}.part`, atime, mtime);
  await rename(`${file}.part`, file);
  const events = readEvents(control, { model: MODEL, after, follow: true });
  const end = await followDeployment(events, {
    ...{ output, startedAtMs, begun: 'Uploaded' },
    // Its processes are not built.
    build: async () => null,
  });
  if (end.detail.state !== 'Live') {
    throw new Failure('RevisionFailed', `the demo model is not live: ${end.detail.reason}`);
  }
}

async function infer(endpoint: string, request: unknown): Promise<unknown> {
  const response = await fetch(`${endpoint}/v2/models/${MODEL}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  if (!response.ok) {
    throw new Failure(
      'PlatformUnavailable',
      `the endpoint answered ${response.status}: ${await response.text()}`,
    );
  }
  return response.json();
}

// In the package all of this is one JavaScript file, and its command is there by name.
const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run -s slipway --' : 'npx slipway';

function tryNext(endpoint: string, requestFile: string, dataDir: string): string {
  const flag = dataDir === DEFAULT_DATA_DIR ? '' : ` --data ${quoted(dataDir)}`;
  const file = quoted(relative('', READER_MODEL));
  return `
try next
  curl -s ${endpoint}/v2/models/${MODEL}/infer -d ${quoted(`@${requestFile}`)} | head -c 300
  ${COMMAND} push ${file} --name mine${flag}
  ${COMMAND} status${flag}`;
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
