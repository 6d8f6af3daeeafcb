import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMATS } from '#domain/artifact/format.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['src', 'functions', 'runtimes', 'buildspecs', 'infra'];
const INDEX = 'src/formats/index.ts';
// Two may be one rule for both; from three on it is a list that the next format is missing from.
const MOST = 2;

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  ),
).filter((name) => /\.(ts|mjs|cjs|py)$/.test(name) && name !== INDEX);

/** The formats named by the keys of a table, or the texts of a list, that holds no other table or list. */
function listed(text: string): readonly string[] {
  const innermost = text.match(/[[{(][^[\]{}()]*[\]})]/g) ?? [];
  return innermost.map(namedIn).find((names) => names.length > MOST) ?? [];
}

function namedIn(list: string): readonly string[] {
  const names = [...list.matchAll(/(?:^|[[{(,\s])['"]?(\w+)['"]?\s*(?=[:,\]})])/g)];
  const formats: readonly string[] = FORMATS;
  return formats.filter((format) => names.some(([, name]) => name === format));
}

/** Formats of builds from before a build said what a model brings. */
const OF_BEFORE = 'runtimes/python/slipway_server/walls.py';

/** Packages and tools that are called as formats are. */
const OF_PACKAGES = [
  // Runtimes.
  'src/domain/build/runtime.ts',
  'src/formats/huggingface/left-out.ts',
  'src/formats/mlflow/inspect.ts',
  'src/formats/pickle/library-packages.ts',
  'src/formats/sklearn/estimator-facts.ts',
  'src/formats/tables/tabular-facts.ts',
  'src/formats/pickle/held-boosters.ts',
  'runtimes/python/slipway_server/frameworks/__init__.py',
];

it('a format is listed once, and all else that is known of it follows from its page', () => {
  const lists = files.filter((name) => listed(readFileSync(join(ROOT, name), 'utf8')).length > 0);

  expect(lists.filter((name) => name !== OF_BEFORE && !OF_PACKAGES.includes(name))).toEqual([]);
});

it.each([
  ['a list', "const LISTED: readonly Format[] = ['tflite', 'savedmodel', 'keras'];"],
  ['a table', "const BY_FORMAT = {\n  sklearn: 1,\n  'skops': 2,\n  xgboost: 3,\n};"],
  ['a tuple of Python', '_LISTED = ("mlflow", "sagemaker", "python")'],
])('%s of formats is recognized', (_, text) => {
  expect(listed(text)).toHaveLength(3);
});

it('each format has a reader beside its page', () => {
  for (const format of FORMATS) {
    expect(readdirSync(join(ROOT, 'src/formats', format))).toEqual(
      expect.arrayContaining(['format.ts', 'inspect.ts']),
    );
  }
});
