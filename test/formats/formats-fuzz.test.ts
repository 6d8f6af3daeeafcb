import { randomInt } from 'node:crypto';
import { FUZZED, fuzzOnce, randomFrom } from '../support/fuzz-formats.ts';

const INPUTS = 500;
const MOST_MILLISECONDS = 1000;
const SEED = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));

describe(`whatever was changed in a file, an inspection ends in facts or a refusal (FUZZ_SEED=${SEED}):`, () => {
  it.each(Object.entries(FUZZED))('%s', async (_, fuzzed) => {
    const random = randomFrom(SEED);
    let refused = 0;
    let longest = 0;

    for (let input = 0; input < INPUTS; input++) {
      const { isRefused, milliseconds } = await fuzzOnce(fuzzed, random);
      refused += Number(isRefused);
      longest = Math.max(longest, milliseconds);
    }

    expect(refused).toBeGreaterThan(0);
    expect(longest).toBeLessThan(MOST_MILLISECONDS);
  });
});
