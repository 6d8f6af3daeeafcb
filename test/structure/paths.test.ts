import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['src', 'functions', 'runtimes', 'buildspecs', 'clients', 'bench', 'test'];
const AS_PATH = /import\.meta\.url,?\s*\)\s*\.pathname/g;

const files = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  ),
].filter((name) => /\.(ts|js|mjs|cjs)$/.test(name));

const urlsAsPaths = (text: string) => [...text.matchAll(AS_PATH)].length;

it('no file takes the pathname of a URL for a path, in which a space or an umlaut is encoded', () => {
  const found = files.filter((name) => urlsAsPaths(readFileSync(join(ROOT, name), 'utf8')) > 0);

  expect(found).toEqual([]);
});

it('such a path is recognized', () => {
  const planted = ["new URL('./a.py', import.meta", 'url', 'pathname'];

  expect(urlsAsPaths(`${planted.slice(0, 2).join('.')}).${planted[2]};`)).toBe(1);
  expect(urlsAsPaths(`${planted.slice(0, 2).join('.')},\n)\n  .${planted[2]};`)).toBe(1);
});
