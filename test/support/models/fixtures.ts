import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MODELS = join(import.meta.dirname, '../../fixtures/models');
const EXPECTED = '.expected.json';
const NO_MODELS: ReadonlySet<string> = new Set(['make']);

/** A model that its framework saved, by its path beside the others (`xgboost/binary-3.2.ubj`), and the facts expected of it. */
export type ModelFixture = {
  readonly name: string;
  /** The path of the file or folder on this machine. */
  readonly path: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, unknown>> & { readonly entrypoint?: string };
  readonly requests: readonly {
    readonly protocol: 'infer' | 'invocations';
    readonly body: unknown;
    readonly answer: unknown;
  }[];
};

/** The formats of which there are models. */
export function fixtureFolders(): readonly string[] {
  return readdirSync(MODELS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NO_MODELS.has(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** All models of a format. */
export function modelFixtures(folder: string): readonly ModelFixture[] {
  return readdirSync(join(MODELS, folder))
    .filter((name) => name.endsWith(EXPECTED))
    .sort()
    .map((name) => fixtureOf(folder, name.slice(0, -EXPECTED.length)));
}

function fixtureOf(folder: string, model: string): ModelFixture {
  const path = join(MODELS, folder, model);
  const expected = JSON.parse(readFileSync(`${path}${EXPECTED}`, 'utf8'));
  return { name: `${folder}/${model}`, path, ...expected };
}
