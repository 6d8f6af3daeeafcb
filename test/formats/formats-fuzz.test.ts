import { FUZZED, fuzzOnce } from '../support/fuzz/formats.ts';
import { fuzzRuns } from '../support/fuzz/runs.ts';
import { again, seeded } from '../support/fuzz/seeded.ts';

const { numRuns, seed } = fuzzRuns(100, 2_000);
// A head, the whole, and an end.
const MOST_TIMES_READ = 3;

describe(`whatever was changed in a file, an inspection ends in facts or a refusal, and reads nothing again and again (${again('formats-fuzz')}):`, () => {
  it.each(Object.entries(FUZZED))('%s', async (_, fuzzed) => {
    const random = seeded(seed);
    let refused = 0;
    let mostTimesRead = 0;

    for (let input = 0; input < numRuns; input += 1) {
      const { isRefused, timesRead } = await fuzzOnce(fuzzed, random);
      refused += Number(isRefused);
      mostTimesRead = Math.max(mostTimesRead, timesRead);
    }

    expect(refused).toBeGreaterThan(0);
    expect(mostTimesRead).toBeLessThanOrEqual(MOST_TIMES_READ);
  });
});
