import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

const FOLDERS = [
  'src',
  'functions',
  'runtimes',
  'buildspecs',
  'bench',
  'test',
  'docs',
  'infra',
  'clients',
];

const files = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  ),
].filter(
  (name) =>
    /\.(md|ts|js|mjs|cjs|py|json|ya?ml|sh)$/.test(name) &&
    !/node_modules|^test\/fixtures|^package-lock|^test\/structure\/npm-name/.test(name),
);

// npm and npx, given only the name, ask the registry for it. This file has planted ones.
const BY_NAME =
  /\bnpx +(?:(?:-y|--yes|-q|--quiet) +)*slipway\b|\bnpm +(?:i|install|add|exec|x|create|init)(?: +(?:-g|--global|-D|--save-dev|-y|--yes|--))* +slipway(?![\w./-])/g;

const found = (text: string) => text.match(BY_NAME) ?? [];

it('nothing tells people to have npm bring a package by the name alone, which is a stranger’s', () => {
  const named = files.filter((name) => found(readFileSync(join(ROOT, name), 'utf8')).length > 0);

  expect(files.length).toBeGreaterThan(1000);
  expect(named).toEqual([]);
});

it.each([
  'npx slipway start',
  'npx --yes slipway',
  'npm install slipway',
  'npm i -g slipway',
  'npm exec -- slipway',
])('%s is recognized', (planted) => {
  expect(found(`Type \`${planted}\`.`)).toHaveLength(1);
});

it.each([
  'npx --no -- slipway start',
  'npx --package=./slipway-0.1.0.tgz -- slipway start',
  'npm install --global ./slipway-0.1.0.tgz',
  'npm run -s slipway -- start',
])('%s is right', (planted) => {
  expect(found(planted)).toEqual([]);
});
