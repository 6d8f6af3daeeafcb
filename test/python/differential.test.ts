import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../runtimes/python-environment.ts';
import { CORPORA, corpusOf } from '../support/differential/kept-corpus.ts';
import { type PythonReaders, pythonReaders } from '../support/differential/python-readers.ts';
import { type Finding, tryEach, tryInputs } from '../support/differential/run.ts';
import { SUBJECTS } from '../support/differential/subjects.ts';

const FOUND = fileURLToPath(new URL('../fixtures/fuzz/', import.meta.url));
const REQUIREMENTS = fileURLToPath(
  new URL('../support/differential/requirements.txt', import.meta.url),
);
const { seeds, inputs }: { seeds: number[]; inputs: Record<string, number> } = JSON.parse(
  readFileSync(join(FOUND, 'seeds.json'), 'utf8'),
);

// Their libraries read in C++ and may crash their process, which endangers no other: the walls around it are for that.
const MAY_CRASH = ['catboost'];

let python: PythonReaders;

beforeAll(async () => {
  const path = await pythonWith(REQUIREMENTS);
  if (typeof path === 'object') throw new Error(path.missing);
  python = await pythonReaders(
    path,
    Object.values(SUBJECTS).map(({ reader }) => reader),
  );
});

afterAll(() => python.close());

describe('with nothing inspected, a canary says of a pickle that it', () => {
  const NOTHING = { isJoblib: false, isCompressed: false, names: [], root: null, opcodes: '' };
  const CLASS = 'cjoblib.numpy_pickle\nNumpyArrayWrapper\n';

  it.each([
    ['runs a program', "cposix\nsystem\n(S'true'\ntR.", 'os.system'],
    ['writes a file', "cbuiltins\nopen\n(S'canary'\nS'w'\ntR.", 'open'],
    ['runs code', "cbuiltins\neval\n(S'1'\ntR.", 'compile'],
    ['changes a class', `${CLASS}(N(dS'read'\nNstb.`, 'is another'],
  ])('%s', async (_, written, what) => {
    const input = { bytes: Buffer.from(written, 'latin1'), found: NOTHING };

    const [end] = await python.read('pickles', [input]);

    expect(end).toEqual({ end: 'canary', says: expect.stringContaining(what) });
  });
});

describe.each(Object.keys(SUBJECTS))('of what is made by chance as %s,', (name) => {
  it.each(seeds)('what inspection accepts is the same for Python, by the seed %s', async (seed) => {
    const run = { seed, from: 0, to: inputs[name] ?? 0 };
    const { findings, agreed } = await tryInputs(SUBJECTS[name]!, python, run);

    const failures = MAY_CRASH.includes(name)
      ? findings.filter(({ kind }) => kind !== 'crash')
      : findings;
    expect(failures.map(told)).toEqual([]);
    expect(agreed > 0 || name in CORPORA).toBe(true);
  });
});

it.each(Object.keys(CORPORA))(
  'all that is kept as %s is refused, or the same for Python',
  async (name) => {
    const kept = corpusOf(name).map((bytes, index) => ({ index, bytes }));

    const { findings } = await tryEach(SUBJECTS[name]!, python, kept);

    expect(findings.map(told)).toEqual([]);
    expect(kept.length).toBeGreaterThan(10);
  },
);

const folders = readdirSync(FOUND, { withFileTypes: true }).filter((each) => each.isDirectory());

describe.each(folders.map(({ name }) => name))('of what was once found as %s,', (name) => {
  it.each(readdirSync(join(FOUND, name)))('%s is refused, or the same for Python', async (file) => {
    const bytes = readFileSync(join(FOUND, name, file));

    const { findings } = await tryEach(SUBJECTS[name]!, python, [{ index: 0, bytes }]);

    expect(findings.map(told)).toEqual([]);
  });
});

function told({ index, kind, says }: Finding): string {
  return `${kind}, input ${index}: ${says}`;
}
