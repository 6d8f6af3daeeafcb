import { FUZZED, fuzzPickle } from '../../support/fuzz/pickles.ts';
import { fuzzRuns } from '../../support/fuzz/runs.ts';

it.each(Object.keys(FUZZED))(
  'a broken %s ends in facts or a refusal, and none of it is read twice but its head',
  async (format) => {
    await fuzzPickle(format, fuzzRuns(100, 2_000));
  },
);
