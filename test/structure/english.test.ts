import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = [
  ...['.ci', 'bench', 'buildspecs', 'docs', 'functions', 'infra'],
  ...['runtimes', 'src', 'statemachines', 'test'],
];
const SOURCE = /\.(?:ts|js|mjs|cjs|py|sh|ya?ml)$|(?:^|\/)Dockerfile$|^\.ci\/[a-z-]+$/;
/** Packages, files of others, and deliberate violations, as in this file. */
const LEFT_OUT = /(?:^|\/)node_modules\/|^test\/(?:fixtures\/|structure\/english)/;

const files = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  ),
].filter((path) => SOURCE.test(path) && !LEFT_OUT.test(path));

/** The first word of a comment, where it is the first on its line. */
const OPENER = /(?:^|\s)(?:\/\/|\/\*\*|\*|#) (?<word>Of|Whose|By which|Those|None|With)\b/;

const openers = (text: string) =>
  text.split('\n').flatMap((line, at) => {
    const word = OPENER.exec(line)?.groups?.['word'];
    return word ? [`${at + 1}: ${word}`] : [];
  });

it('no comment begins with a word that leaves its subject out', () => {
  const found = files.flatMap((path) =>
    openers(readFileSync(join(ROOT, path), 'utf8')).map((opener) => `${path}:${opener}`),
  );

  expect(files.length).toBeGreaterThan(1_000);
  expect(found).toEqual([]);
});

it.each([
  ['// Of the trees the sizes.', ['1: Of']],
  ['/** Whose server it is. */', ['1: Whose']],
  ['x = 1  # None is set.', ['1: None']],
  ['/**\n * By which it is known.\n */', ['2: By which']],
  ['// The sizes of the trees.', []],
  ["const text = 'Of course';", []],
  ['// Nobody has it. Of course not.', []],
])('%j is held to that', (text, found) => {
  expect(openers(text)).toEqual(found);
});
