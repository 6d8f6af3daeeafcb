import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const SOURCES = import.meta.resolve('../../src/formats/sklearn.ts');

// Node itself has 10 of them.
const HEAP_MIB = 64;

const SCRIPT = `
const { inspectSklearn } = await import(${JSON.stringify(SOURCES)});
const [head, body, count] = JSON.parse(process.argv[1]);
const bytes = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(body.length * count, Buffer.from(body, 'latin1'))]);
const read = async (start, length) => bytes.subarray(start, start + length);
const outcome = await inspectSklearn({ sizeBytes: bytes.length, read }, 'model.pkl', []).catch((error) => error);
console.log(outcome.name);`;

const PROTO = '\x80\x04';
const SVC = 'csklearn.svm._classes\nSVC\nq\0';

it.each<[string, string, string]>([
  ['dicts', PROTO, '}\x94'],
  ['dicts with something in them', PROTO, '}\x8c\x01aNs\x94'],
  ['lists', PROTO, ']\x94'],
  ['tuples', PROTO, 'N\x85\x94'],
  ['bytes', PROTO, 'C\x08abcdefgh\x94'],
  ['objects', PROTO + SVC, 'h\0)\x81\x94'],
  ['numbers', PROTO, 'G\x3f\xf1\x99\x99\x99\x99\x99\x9a'],
  ['names', PROTO, 'cshop\nA\n\x94'],
  ['marks', PROTO, '('],
])('two million %s are refused within 64 MiB', async (_, head, body) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--max-old-space-size=${HEAP_MIB}`,
    '--input-type=module',
    '--eval',
    SCRIPT,
    JSON.stringify([head, body, 2_000_000]),
  ]);

  expect(stdout.trim()).toBe('ArtifactRejected');
});
