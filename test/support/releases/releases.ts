import { readdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Template } from '../../template/template.ts';

export const RELEASES = join(import.meta.dirname, '../../fixtures/releases');

/** The answers of each model in a release's data folder: `x` plus a constant of the version. */
export const RELEASED = {
  key: 'models/shapes/shapes.onnx',
  request: { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] },
  constants: [10, 20],
} as const;

/** The versions of Slipway that were released, oldest first. */
export const releases: readonly string[] = readdirSync(RELEASES).sort((a, b) =>
  a.localeCompare(b, 'en', { numeric: true }),
);

/** Makes `to` the data folder that a release of Slipway left when it was stopped. */
export function layDataFolder(release: string, to: string): Promise<void> {
  return cp(join(RELEASES, release, 'data-folder'), to, { recursive: true });
}

/** The template that a release put into an account. */
export function templateOf(release: string): Template {
  return JSON.parse(
    gunzipSync(readFileSync(join(RELEASES, release, 'template.json.gz'))).toString(),
  );
}
