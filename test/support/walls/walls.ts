import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';
import { MAX_BYTES, memoryFile } from '../bytes/archive-files.ts';
import { HOSTILE, type Hostile } from '../models/pickles.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const MANIFEST = 'model.yaml';

/** 1: inspection, 2: the loader, 3: the limits that the kernel sets for the process. */
export type Wall = 1 | 2 | 3;

/** A file, or a folder, by which harm is done, as test/fixtures/walls/make.py saw it done with all walls down. */
export type Technique = {
  /** The path from `test/fixtures`. */
  readonly file: string;
  readonly technique: string;
  /** The way to load it without walls: a key of test/support/walls/plain.py. */
  readonly reader: string;
  readonly effect: string;
  /** Each by itself, with the others taken down. */
  readonly heldBy: readonly Wall[];
};

// No list of names can distinguish a large number from a small one.
const BY_NUMBERS = [
  'a tuple of 2^60 tuples as a key',
  'empty memory',
  'an array larger than memory',
  'a set of all numbers',
];

const WAITS = 'calls time.sleep';

const OWN: readonly Technique[] = JSON.parse(
  readFileSync(join(FIXTURES, 'walls/walls.json'), 'utf8'),
);

/** All of our own, by their kinds, which are their folders. */
export const TECHNIQUES: readonly Technique[] = OWN.map((each) => ({
  ...each,
  file: `walls/${each.file}`,
}));

/** The techniques of test/fixtures/pickles/make/hostile.py, which are older. */
export const HOSTILE_TECHNIQUES: readonly Technique[] = HOSTILE.map((each) => ({
  file: `pickles/hostile/${each.file}`,
  technique: each.technique,
  reader: each.loadedBy,
  effect: each.technique === WAITS ? 'waits without end' : each.effect,
  heldBy: wallsOf(each),
}));

/** The files of each kind without the harmful part. */
export const HARMLESS: readonly Technique[] = readdirSync(join(FIXTURES, 'walls/harmless')).map(
  (name) => ({
    file: `walls/harmless/${name}`,
    technique: name,
    reader: '',
    effect: '',
    heldBy: [],
  }),
);

export const ALL: readonly Technique[] = [...TECHNIQUES, ...HOSTILE_TECHNIQUES];

export function kindOf({ file }: Technique): string {
  return file.split('/')[1] ?? '';
}

export function pathOf({ file }: Technique): string {
  return join(FIXTURES, file);
}

/** A file that only uses up time or memory, or ends its own process, does no more harm than the limits of that process allow. */
export const OF_ITS_PROCESS = /memory|come to an end|never ends|ended the process|ends its process/;

function wallsOf({ technique, effect }: Hostile): readonly Wall[] {
  if (BY_NUMBERS.includes(technique)) return [1, 3];
  // A class is changed within the process; who waits uses nothing that is limited.
  if (effect === 'changed a class' || technique === WAITS) return [1, 2];
  return [1, 2, 3];
}

/** Reads it as an upload would be. */
export async function inspected(technique: Technique): Promise<unknown> {
  const path = pathOf(technique);
  const isFolder = statSync(path).isDirectory();
  const names = isFolder ? filesIn(path) : [basename(path)];
  const manifest = parseManifest(isFolder ? manifestIn(path, names) : '', MANIFEST);
  const files = names
    .filter((name) => name !== MANIFEST)
    .map((name) => memoryFile(name, readFileSync(isFolder ? join(path, name) : path)));
  return inspectFiles(files, { maxBytes: MAX_BYTES, manifest });
}

export function manifestOf(technique: Technique): string {
  const path = pathOf(technique);
  return statSync(path).isDirectory() ? manifestIn(path, filesIn(path)) : '';
}

function manifestIn(folder: string, names: readonly string[]): string {
  return names.includes(MANIFEST) ? readFileSync(join(folder, MANIFEST), 'utf8') : '';
}

function filesIn(folder: string): readonly string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map((each) => relative(folder, join(each.parentPath, each.name)))
    .toSorted();
}
