import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures/walls');

/** A model by which harm is done where two readers read it differently, as test/fixtures/walls/make.py saw it done. */
export type Technique = {
  readonly file: string;
  readonly technique: string;
  /** By which adapter it is loaded. */
  readonly format: string;
  readonly effect: string;
};

export const TECHNIQUES: readonly Technique[] = JSON.parse(
  readFileSync(join(FOLDER, 'walls.json'), 'utf8'),
);

export function pathOf({ file }: Technique): string {
  return join(FOLDER, file);
}
