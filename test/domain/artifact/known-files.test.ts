import { existsSync, readFileSync } from 'node:fs';
import {
  FORMATS,
  type Format,
  isFolderFormat,
  needsPython,
  pageOf,
} from '#domain/artifact/format.ts';
import { KNOWN_FILES, ownEndings } from '#domain/artifact/known-files.ts';
import { readKey } from '#domain/artifact/object-key.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { recognise } from '#formats/known-formats.ts';
import { modelFiles } from '#formats/model-files.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';

const kindsAndEndings = KNOWN_FILES.flatMap((kind) =>
  ownEndings(kind).map((ending) => ({ kind, ending, what: kind.what })),
);

describe('an ending that is known', () => {
  it.each(kindsAndEndings)('$ending of $what starts a deployment', ({ ending }) => {
    const file = `m${ending}`;

    expect(readKey(`models/shapes/${file}`)).toEqual({ kind: 'artifact', model: 'shapes', file });
    expect(readKey(`models/shapes/${file.toUpperCase()}`)).toMatchObject({ kind: 'artifact' });
    expect(readKey(`models/shapes/${file}.yaml`)).toEqual({ kind: 'sidecar', model: 'shapes' });
  });

  it.each(kindsAndEndings.filter(({ kind }) => kind.format))(
    '$ending of $what is that format in an artifact too',
    async ({ kind, ending }) => {
      const [found] = await modelFiles([memoryFile(`a/m${ending}`, 'x')]);

      expect(found).toMatchObject({ format: kind.format, foreign: null });
    },
  );

  it.each(kindsAndEndings.filter(({ kind }) => !kind.format && !kind.isArchive))(
    '$ending of $what is refused by its name, with what to do',
    async ({ kind, ending }) => {
      const [found] = await modelFiles([memoryFile(`m${ending}`, 'x')]);

      expect(found).toMatchObject({ format: null, foreign: { what: kind.what } });
      expect(kind.fix).toMatch(/^[A-Z].*\.$/);
    },
  );

  it.each(KNOWN_FILES.flatMap(({ shared = [] }) => shared))(
    '%s that other files have too starts a deployment, and is told by what is in it',
    async (ending) => {
      expect(readKey(`models/shapes/m${ending}`)).toMatchObject({ kind: 'artifact' });
      expect(await modelFiles([memoryFile(`m${ending}`, 'x')])).toEqual([]);
    },
  );

  it('is of one kind alone', () => {
    const endings = KNOWN_FILES.flatMap((kind) => [...ownEndings(kind), ...(kind.shared ?? [])]);

    expect(endings.filter((ending, at) => endings.indexOf(ending) !== at)).toEqual([]);
  });
});

describe('a begin that is known', () => {
  it.each<[string, Format | null, string]>([
    ['XGBoost in JSON', 'xgboost', '{"learner"'],
    ['XGBoost in JSON that is indented', 'xgboost', '{\r\n\t "learner"'],
    ['XGBoost in UBJSON', 'xgboost', '{L\0\0\0\0\0\0\0\x07learner'],
    ['XGBoost of before 1.0', 'xgboost', 'binf'],
    ['the same in base64', 'xgboost', 'bs64'],
    ['LightGBM', 'lightgbm', 'tree\nversion=v4\n'],
    ['LightGBM with line ends of Windows', 'lightgbm', 'tree\r\nversion=v4\r\n'],
    ['CatBoost', 'catboost', 'CBM1'],
    ['a pickle', 'sklearn', '\x80\x04\x95'],
    ['PyTorch of before 1.6', 'torch', '\x80\x02\x8a\x0al\xfc\x9cF'],
    ['GGUF', 'gguf', 'GGUF'],
    ['TensorFlow Lite', 'tflite', '\x1c\0\0\0TFL3'],
    ['HDF5', 'keras', '\x89HDF\r\n\x1a\n'],
  ])('%s is told alike in an artifact and where another is expected', async (_, format, begin) => {
    const head = Buffer.from(begin, 'latin1');
    const [found] = await modelFiles([memoryFile('model', head)]);

    expect(found?.format).toBe(format);
    expect(recognise('', head)?.format).toBe(format);
  });
});

it('a model that a file marks is a folder, and any other has kinds of files', () => {
  const isFolder = (format: Format) => pageOf(format).files.length === 0;

  expect(FORMATS.filter(isFolderFormat)).toEqual(FORMATS.filter(isFolder));
});

it('a manifest may name each format that is served, and no other', () => {
  for (const format of FORMATS) {
    expect(manifestSchema.parse({ model: { format } }).model.format).toBe(format);
  }
  expect(() => manifestSchema.parse({ model: { format: 'theano' } })).toThrow();
});

it('the Python server has an adapter for each format that it serves, which is called as that', () => {
  const server = new URL('../../../runtimes/python/slipway_server/', import.meta.url);
  const served = FORMATS.filter((format) => needsPython(format) || pageOf(format).asData);

  for (const format of served) {
    const places = [`adapters/${format}_model.py`, `frameworks/${format}.py`];
    expect(places.filter((place) => existsSync(new URL(place, server)))).toHaveLength(1);
  }
});

it('docs/formats.md has the table of what is served', () => {
  const written = readFileSync(new URL('../../../docs/formats.md', import.meta.url), 'utf8');

  for (const format of FORMATS) expect(written).toContain(rowOf(format));
});

/** How the table of the documentation says it. */
function rowOf(format: Format): string {
  const {
    folder,
    docs: { reads, servedBy },
  } = pageOf(format);
  const kinds = KNOWN_FILES.filter((kind) => kind.format === format);
  const endings = kinds.flatMap(({ endings, shared = [] }) => [...endings, ...shared]);
  const compressions = [...new Set(kinds.flatMap((kind) => kind.compressions ?? []))];
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const files =
    compressions.length > 0
      ? `${code(endings)}, each also with ${code(compressions)}`
      : code(endings);
  return `| \`${format}\` | ${folder ? `a folder with \`${folder.marker}\`` : files} | ${reads} | ${servedBy} |`;
}
