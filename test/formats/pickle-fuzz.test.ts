import { FUZZED, fuzzPickle } from '../support/pickle-fuzz.ts';

const RUNS = 500;

it.each(Object.keys(FUZZED))(
  'a broken %s ends in facts or a refusal, within a second',
  async (format) => {
    const seed = Date.now() % 2 ** 31;

    await fuzzPickle(format, RUNS, seed);
  },
);
