import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const { dependencies, imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

// Imports, except those that are there only for types.
const IMPORTS =
  /^(?:import|export) (?!type )(?:[^'\n]* from )?'([^']+)'|\b(?:import|require)\('([^']+)'\)/gm;

/** The packages that `file` and all that it imports load, sooner or later. */
function packagesOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const found = new Set<string>();
  if (seen.has(file) || !file.endsWith('.ts')) return found;
  seen.add(file);
  // An import of several lines is one.
  const text = readFileSync(file, 'utf8').replaceAll(/\{[^{}]*\}(?= from )/g, '{}');
  for (const [, whole, lazy] of text.matchAll(IMPORTS)) {
    const name = whole ?? lazy ?? '';
    const path = pathOf(name, dirname(file));
    if (path === undefined) found.add(packageOf(name));
    else for (const each of packagesOf(path, seen)) found.add(each);
  }
  return found;
}

function pathOf(name: string, folder: string): string | undefined {
  if (name.startsWith('.')) return join(folder, name);
  if (!name.startsWith('#')) return undefined;
  const [room = '', ...rest] = name.split('/');
  const target: string =
    Object.entries<string>(imports).find(([key]) => key === `${room}/*`)?.[1] ?? '';
  return join(ROOT, target.replace('*', rest.join('/')));
}

function packageOf(name: string): string {
  const parts = name.split('/');
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

it('all that a command loads is among the packages that its first start installs', () => {
  const packages = [...packagesOf(join(ROOT, 'src/cli/main.ts'))];

  const own = packages.filter((name) => !name.startsWith('node:'));
  expect(own).toEqual(
    expect.arrayContaining(['commander', '@aws-sdk/client-cloudformation', 'log-update']),
  );
  expect(own.filter((name) => !(name in dependencies))).toEqual([]);
});
