import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { swept } from './swept.ts';
import { faultsOf, table } from './table.ts';

const {
  SLIPWAY_SWEEP: pattern = '',
  SLIPWAY_SWEEP_ONE_IN: oneIn = '1',
  SLIPWAY_SWEEP_SEED: seed = '1',
} = process.env;
// Records each wrong answer for later study.
const RESULTS = 'coverage/sweep.ndjson';

it('every model that is served answers as its framework does, and every other one is refused with a way', async () => {
  mkdirSync('coverage', { recursive: true });
  writeFileSync(RESULTS, '');
  const results = await swept(
    { pattern, oneIn: Number(oneIn), seed: Number(seed) },
    ({ name, served, ...fared }) => {
      appendFileSync(RESULTS, `${JSON.stringify({ name, served, ...fared })}\n`);
      process.stdout.write(`${name.padEnd(60)} ${served} ${fared.wrong?.length ? 'WRONG' : ''}\n`);
    },
  );

  process.stdout.write(`\n${table(results)}\n\nin full: ${RESULTS}\n`);
  expect(results.length).toBeGreaterThan(0);
  expect(results.flatMap(faultsOf)).toEqual([]);
});
