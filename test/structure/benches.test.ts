import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SMALLEST } from '../../bench/smallest.ts';

const BENCHES = join(import.meta.dirname, '../../bench');

/** The files of `bench/` that say how they are run, as every bench does in its first lines. */
const programs = readdirSync(BENCHES)
  .filter((file) => /^[\w-]+\.(ts|py)$/.test(file))
  .filter((file) => readFileSync(join(BENCHES, file), 'utf8').includes(`node bench/${file}`))
  .map((file) => file.replace('.ts', ''))
  .filter((name) => name !== 'smallest');

it('every bench has a smallest form, which .ci/benches runs', () => {
  expect(Object.keys(SMALLEST).sort()).toEqual(programs.sort());
});
