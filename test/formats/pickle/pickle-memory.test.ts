import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const SOURCES = import.meta.resolve('../../../src/formats/sklearn/inspect.ts');

// Node itself has 10 of them.
const HEAP_MIB = 64;

// Inspects one after the other, and says how each ended.
const SCRIPT = `
const { inspectSklearn } = await import(${JSON.stringify(SOURCES)});
const ends = [];
for (const [head, body, count] of JSON.parse(process.argv[1])) {
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(body.length * count, Buffer.from(body, 'latin1'))]);
  const read = async (start, length) => bytes.subarray(start, start + length);
  const outcome = await inspectSklearn({ sizeBytes: bytes.length, read }, 'model.pkl', []).catch((error) => error);
  ends.push(outcome.name);
}
console.log(JSON.stringify(ends));`;

const PROTO = '\x80\x04';
const SVC = 'csklearn.svm._classes\nSVC\nq\0';
const COUNT = 2_000_000;

const MANY: Readonly<Record<string, readonly [string, string]>> = {
  dicts: [PROTO, '}\x94'],
  'dicts with something in them': [PROTO, '}\x8c\x01aNs\x94'],
  lists: [PROTO, ']\x94'],
  tuples: [PROTO, 'N\x85\x94'],
  bytes: [PROTO, 'C\x08abcdefgh\x94'],
  objects: [PROTO + SVC, 'h\0)\x81\x94'],
  numbers: [PROTO, 'G\x3f\xf1\x99\x99\x99\x99\x99\x9a'],
  names: [PROTO, 'cshop\nA\n\x94'],
  marks: [PROTO, '('],
};

it('two million of whatever a pickle may hold are refused within 64 MiB', async () => {
  const asked = Object.values(MANY).map(([head, body]) => [head, body, COUNT]);
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${HEAP_MIB}`,
    '--input-type=module',
    '--eval',
    SCRIPT,
    JSON.stringify(asked),
  ]);

  const ends: readonly string[] = JSON.parse(stdout);

  const named = Object.keys(MANY).map((name, index) => [name, ends[index]]);
  expect(named).toEqual(Object.keys(MANY).map((name) => [name, 'ArtifactRejected']));
});
