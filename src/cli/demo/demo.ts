import { copyFile, mkdir, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { followDeployment } from '../follow.ts';
import { oneMachineAt } from '../one-machine.ts';
import { type Output, seconds } from '../output.ts';
import { COMMAND } from '../typed.ts';
import { drawLine } from './line-image.ts';
import { READER_MODEL, readerRequest, readText } from './line-reader.ts';
import { DEMO_MODEL } from './model.ts';

const DEFAULT_DATA_DIR = '.slipway';
const TEXT = 'Total 431.50';

/** Where the demo runs: the data folder of a Slipway, the addresses of its models and of its control API, and that one's token. */
type Place = {
  readonly dataDir: string;
  readonly gateway: string;
  readonly control: string;
  readonly token: string;
};

type Options = {
  readonly isLive: boolean;
  /** Whether it serves on after the demo, so that there is something to try next. */
  readonly servesOn: boolean;
  readonly output: Output;
};

/** Drops the demo model unless it is live, has it read a drawn line of text, and returns whether it read that text. */
export async function runDemo(
  place: Place,
  { isLive, servesOn, output }: Options,
): Promise<boolean> {
  if (isLive) output.line(`the demo model \`${DEMO_MODEL}\` is live`);
  else await deploy(place, output);
  const endpoint = `${place.gateway}/models/${DEMO_MODEL}`;
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
  if (servesOn) output.line(tryNext(endpoint, requestFile, place.dataDir));
  return text === TEXT;
}

async function deploy(place: Place, output: Output): Promise<void> {
  const { dataDir } = place;
  const { readEvents, listBuilds } = oneMachineAt(place);
  let after = '';
  for await (const { cursor } of await readEvents({ model: DEMO_MODEL, follow: false }))
    after = cursor;

  const folder = join(dataDir, 'bucket', 'models', DEMO_MODEL);
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'pp-ocrv4-rec.onnx');
  const startedAtMs = performance.now();
  output.line(`\nPP-OCRv4 text recogniser → ${file}`);
  await copyFile(READER_MODEL, `${file}.part`);
  // The bucket accepts an old file at once, without waiting for more writes.
  const { atime, mtime } = await stat(READER_MODEL);
  await utimes(`${file}.part`, atime, mtime);
  await rename(`${file}.part`, file);
  const end = await followDeployment(await readEvents({ model: DEMO_MODEL, after, follow: true }), {
    output,
    startedAtMs,
    begun: 'Uploaded',
    listBuilds,
  });
  if (end.detail.state !== 'Live') {
    throw new Failure('RevisionFailed', `the demo model is not live: ${end.detail.reason}`);
  }
}

async function infer(endpoint: string, request: unknown): Promise<unknown> {
  const response = await fetch(`${endpoint}/v2/models/${DEMO_MODEL}/infer`, {
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

function tryNext(endpoint: string, requestFile: string, dataDir: string): string {
  const flag = dataDir === DEFAULT_DATA_DIR ? '' : ` --data ${quoted(dataDir)}`;
  const file = quoted(relative('', READER_MODEL));
  return `
try next
  curl -s ${endpoint}/v2/models/${DEMO_MODEL}/infer -d ${quoted(`@${requestFile}`)} | head -c 300
  ${COMMAND} push ${file} --name mine${flag}
  ${COMMAND} status${flag}`;
}

/** Quotes the text as one shell word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
