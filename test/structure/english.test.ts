import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = [
  '.ci',
  'bench',
  'buildspecs',
  'clients',
  'console',
  'docs',
  'functions',
  'infra',
  'runtimes',
  'src',
  'statemachines',
  'test',
];
const SOURCE = /\.(?:ts|js|mjs|cjs|py|sh|css|md|toml|ya?ml)$|(?:^|\/)Dockerfile$|^\.ci\/[a-z-]+$/;
/** Packages, files of others, decisions and releases of the past, and deliberate violations, as in this file. */
const LEFT_OUT =
  /(?:^|\/)node_modules\/|^test\/(?:fixtures\/|structure\/english)|^docs\/adr\/|^CHANGELOG/;

const files = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  ),
].filter((path) => SOURCE.test(path) && !LEFT_OUT.test(path));

/** Words with which a sentence begins that leaves its subject out, or has a clause for it. */
const WORD = '(?<word>Of|Whose|By(?! default\\b| then\\b)|Those|None|With|What)';
/** The beginning of a comment, or of a docstring in Python. */
const MARK = '(?:^|\\s)(?:(?://|/\\*\\*|\\*|#) |r?""")';
/** The first word of a comment, where it is the first on its line. */
const FIRST = new RegExp(`${MARK}${WORD}\\b`);
/** The first word of a further sentence of a comment on the same line. */
const FURTHER = new RegExp(`${MARK}.*[a-z0-9)\`][.!?] ${WORD}\\b`);
/** The first word of a sentence of a page, a row, or an item. */
const IN_PAGE = new RegExp(`(?:^(?:\\d+\\. |- )?|[.!?] |\\| )(?:\\*\\*)?${WORD}\\b(?!.*\\?)`);

const openers = (text: string, patterns: readonly RegExp[] = [FIRST, FURTHER]) =>
  text.split('\n').flatMap((line, at) => {
    const word = patterns.map((pattern) => pattern.exec(line)?.groups?.['word']).find(Boolean);
    return word ? [`${at + 1}: ${word}`] : [];
  });

it('no sentence of a comment or a page begins with a word that leaves its subject out', () => {
  const found = files.flatMap((path) =>
    openers(
      readFileSync(join(ROOT, path), 'utf8'),
      path.endsWith('.md') ? [IN_PAGE] : undefined,
    ).map((opener) => `${path}:${opener}`),
  );

  expect(files.length).toBeGreaterThan(1_000);
  expect(found).toEqual([]);
});

it('no description of the control API, the manifest or an event does either', () => {
  const documents = ['control-api.openapi.yaml', 'model.schema.json', 'event.schema.json'];
  const opener = new RegExp(`"?(?:description|summary)"?: ["']?${WORD}\\b`);
  const lines = documents.flatMap((name) =>
    readFileSync(join(ROOT, 'docs', name), 'utf8').split('\n'),
  );

  expect(lines.filter((line) => /"?description"?: /.test(line)).length).toBeGreaterThan(300);
  expect(lines.filter((line) => opener.test(line))).toEqual([]);
});

it.each([
  ['// Of the trees the sizes.', ['1: Of']],
  ['/** Whose server it is. */', ['1: Whose']],
  ['x = 1  # None is set.', ['1: None']],
  ['/**\n * By which it is known.\n */', ['2: By']],
  ['// It is held. What is done there stays.', ['1: What']],
  ['// Nobody has it. Of course not.', ['1: Of']],
  ['    """What it takes."""', ['1: What']],
  ['"""It is held. Those that are not stay."""', ['1: Those']],
  ['// By default it is off.', []],
  ['// The sizes of the trees.', []],
  ["const text = 'Of course';", []],
])('%j is held to that', (text, found) => {
  expect(openers(text)).toEqual(found);
});

it.each([
  ['| Of each model the size |', ['1: Of']],
  ['1. **What is known.** It is much.', ['1: What']],
  ['It goes on. With a manifest it stops.', ['1: With']],
  ['What is a model? A file.', []],
  ['The size of each model.', []],
])('the line %j of a page is held to that', (line, found) => {
  expect(openers(line, [IN_PAGE])).toEqual(found);
});

/** Types and functions with words that only this project used, where engineers have a term. */
const PRIVATE =
  /\b(?:type|const|function) (?:Errand|Visit|Company|Habits|Told|Wish|Lately|putOthersRight|toldOf)\b/;

it('no code has a name that only this project uses', () => {
  const found = files
    .filter((path) => /^(?:src|console|runtimes|functions)\/.*\.(?:ts|mjs|py)$/.test(path))
    .filter((path) => PRIVATE.test(readFileSync(join(ROOT, path), 'utf8')));

  expect(found).toEqual([]);
});
