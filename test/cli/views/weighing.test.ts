import type { Explanation } from '#control/explanation.ts';
import { besideOptions } from '#domain/placement/beside.ts';
import { FIRST_GUESS, NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { flipsAt, nextChange } from '#domain/placement/flips.ts';
import { rankedOptions } from '#domain/placement/optimize.ts';
import { SHIPPED_PRICES, type UnitPrices } from '#domain/placement/unit-prices.ts';
import { waysToSpendLess } from '#domain/placement/ways.ts';
import { weighingLines } from '../../../src/cli/views/weighing.ts';

const OPTION = { target: 'lambda' } as Explanation['options'][number];
const QUESTION: Question = {
  demand: { ...FIRST_GUESS, requestsPerSecond: 24, peak: 48, hours: 730 },
  measured: {
    requestMs: 100,
    parallelPart: 0.5,
    memoryMiB: 300,
    imageBytes: 1,
    startMs: 2000,
    rowMs: 2,
  },
  limits: NO_LIMITS,
  allowsSpot: false,
};

function explained(isGuess: boolean): Explanation {
  const weighing = {
    question: QUESTION,
    isGuess,
    options: rankedOptions(QUESTION),
    flipsAt: flipsAt(QUESTION),
    ...nextChange(QUESTION),
    ways: waysToSpendLess(QUESTION),
  };
  return { options: [OPTION], weighing } as unknown as Explanation;
}

describe('the weighing of a version', () => {
  it('shows the demand, what was measured, the options, the curve and the ways to spend less', () => {
    const lines = weighingLines(explained(false));

    expect(lines).toContain(
      'For the traffic of model.yaml: 24 requests a second (48 at the peak) in 730 hours of a month.',
    );
    expect(lines).toContain(
      'Measured: 100 ms on one vCPU, of which more vCPUs shorten 50 %; 2 ms for each further row.',
    );
    expect(lines).toContainEqual(expect.stringMatching(/^\* (lambda|fargate) /));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}1,769 +█+ /));
    expect(lines.filter((line) => line.endsWith('  the knee'))).toHaveLength(1);
    expect(lines).toContain('To spend less, each by itself:');
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}-\d+ % \(\$\d+\.\d\d\): /));
  });

  it.each([
    {
      times: 1.25,
      memoryMiB: 1400,
      says: '1.3 times as long as one at a time; a container needs 1,100 MiB more',
    },
    {
      times: 1,
      memoryMiB: 300,
      says: 'no longer than one at a time; a container needs no more memory',
    },
  ])('says what several requests at once take: $says', ({ says, ...more }) => {
    const { weighing, ...rest } = explained(false);
    const measured = { ...QUESTION.measured, several: { atOnce: 8, ...more } };
    const question = { ...weighing!.question, measured };

    const lines = weighingLines({ ...rest, weighing: { ...weighing!, question } });

    expect(lines).toContain(`With 8 requests at once each takes ${says}.`);
  });

  it('says that no bill placed a version whose own server was measured later', () => {
    const { weighing, ...rest } = explained(false);
    const lines = weighingLines({ ...rest, weighing: { ...weighing!, isLater: true } });

    expect(lines).toContain(
      'Its own server was measured once it was live, since no build had: memory and idle cost decided where it runs.',
    );
    expect(lines).toContainEqual(expect.stringMatching(/^\* (lambda|fargate) /));
  });

  it.each([
    {
      change: { isKept: false, target: 'lambda', refusal: 'the peak needs 11 executions' },
      options: rankedOptions(QUESTION),
      says: 'From 30 requests a second on, nothing keeps the limits: on lambda the peak needs 11 executions.',
    },
    {
      change: { isKept: true, target: 'lambda' },
      says: 'From 30 requests a second on, lambda keeps the limits.',
    },
    { change: { isKept: false }, says: 'Nothing keeps the limits for a greater demand either.' },
    { change: { isKept: false, target: 'lambda' }, says: null },
    {
      change: null,
      options: rankedOptions(QUESTION),
      says: 'No greater demand makes another target the choice within the limits.',
    },
    { change: null, says: null },
  ] as const)('says when the limits are kept: $says', ({ change, says, ...more }) => {
    const broken = rankedOptions({ ...QUESTION, demand: { ...QUESTION.demand, p95Ms: 1 } });
    const options = 'options' in more ? more.options : broken;
    const limitsChange = change && { requestsPerSecond: 30, ...change };
    const { weighing, ...rest } = explained(false);

    const lines = weighingLines({
      ...rest,
      weighing: { ...weighing!, options, flip: null, limitsChange },
    });

    const said = lines.filter((line) => /keeps the limits|greater demand/.test(line));
    expect(said).toEqual(says === null ? [] : [says]);
  });

  it('says where it was placed if its requests make another target the choice', () => {
    const given = explained(false);
    const [choice] = given.weighing!.options;
    const words = (target: string) =>
      weighingLines({ ...given, target } as Explanation).filter((line) => /The star/.test(line));

    expect(words('ec2')).toEqual([
      'The star is the choice for these requests; the version itself was placed on ec2.',
    ]);
    expect(words(choice!.target)).toEqual([]);
  });

  it('says the day of the prices, and where they are not those of today', () => {
    const placedBy = (prices: UnitPrices | undefined, more: Partial<Explanation> = {}) => {
      const { weighing, ...rest } = explained(false);
      const question = { ...QUESTION, ...(prices && { prices }) };
      const given = { ...rest, model: 'digits', prices: SHIPPED_PRICES, ...more };
      const lines = weighingLines({
        ...given,
        weighing: { ...weighing!, question },
      } as Explanation);
      return lines.find((line) => /prices/i.test(line));
    };
    const { region, asOf } = SHIPPED_PRICES;
    const older = { ...SHIPPED_PRICES, asOf: '2025-01-02' };

    expect(placedBy(SHIPPED_PRICES)).toBe(`Prices of ${region}, ${asOf}, on demand.`);
    expect(placedBy(older)).toBe(
      `Prices of ${region}, 2025-01-02, on demand, as it was placed; \`slipway whatif digits\` takes those of ${asOf}.`,
    );
    expect(placedBy(older, { live: 2, version: 1 })).toBe(
      `Prices of ${region}, 2025-01-02, on demand, as it was placed.`,
    );
    expect(placedBy(undefined)).toBe(
      'The prices are those of the day on which it was placed; no record says which.',
    );
  });

  it('says that a version which is not live was weighed when it was placed', () => {
    const placed = 'It is not live; this was weighed when it was placed.';

    expect(weighingLines({ ...explained(true), version: 1, live: 2 })[1]).toBe(placed);
    expect(weighingLines({ ...explained(true), version: 2, live: 2 })).not.toContain(placed);
  });

  it('says that the demand is a guess where the manifest names none', () => {
    expect(weighingLines(explained(true))[1]).toMatch(
      /^The first guess, since model\.yaml names no traffic and nothing is learnt yet: 24 requests a second/,
    );
  });

  it('says from how many days the demand was learnt', () => {
    const learnt = explained(false);
    const weighing = { ...learnt.weighing!, learntDays: 9 };

    expect(weighingLines({ ...learnt, weighing })[1]).toMatch(
      /^By the requests of the last 9 days: 24 requests a second/,
    );
  });

  it('says what else could run it, and why that is not chosen', () => {
    const demand = { ...QUESTION.demand, coldStarts: 'none' } as const;
    const beside = besideOptions({ ...QUESTION, demand });
    const weighing = { ...explained(false).weighing!, beside };

    expect(weighingLines({ ...explained(false), weighing })).toContainEqual(
      expect.stringMatching(
        /^Beside them: \d+ × c6a\.large by Lambda Managed Instances for \$\d+\.\d\d a month, without the way to the model; not offered by Slipway yet\.$/,
      ),
    );
  });

  it.each([
    { quota: 40, says: 'the account has 40' },
    { quota: null, says: 'no quota of an account is known here; a new account has 6' },
  ])('says how many vCPUs the tasks on Fargate have, and that $says', ({ quota, says }) => {
    const limits = { ...NO_LIMITS, fargateVcpus: quota };
    const demand = { ...QUESTION.demand, coldStarts: 'none' } as const;
    const question = { ...QUESTION, demand, limits };
    const weighing = { ...explained(false).weighing!, question, options: rankedOptions(question) };

    expect(weighingLines({ ...explained(false), weighing })).toContainEqual(
      expect.stringMatching(
        new RegExp(`^At the peak its tasks have \\d+ vCPUs on Fargate; ${says}\\.$`),
      ),
    );
  });

  it.each([
    { quota: 64, says: 'the account has 64' },
    { quota: null, says: 'no quota of an account is known here; a new account has 5' },
  ])('says how many vCPUs the instances on EC2 have, and that $says', ({ quota, says }) => {
    const measured = { ...QUESTION.measured, parallelPart: 0, memoryMiB: 14_000 };
    const demand = { ...QUESTION.demand, coldStarts: 'none' } as const;
    const limits = { ...NO_LIMITS, ec2Vcpus: quota };
    const question = { ...QUESTION, demand, measured, limits };
    const weighing = { ...explained(false).weighing!, question, options: rankedOptions(question) };

    const lines = weighingLines({ ...explained(false), weighing });

    expect(lines.find((line) => line.startsWith('* '))).toMatch(/^\* ec2 r6a\.large /);
    expect(lines).toContainEqual(
      expect.stringMatching(
        new RegExp(`^At the peak its instances have \\d*[02468] vCPUs on EC2; ${says}\\.$`),
      ),
    );
  });

  it('says at the end where it would better be placed, and what that saves', () => {
    const advice = { reason: 'for 60 requests', fix: 'Set it.', to: 'there', savesUsd: 12.5 };
    const lines = (savesUsd: number) =>
      weighingLines({ ...explained(false), advice: { ...advice, savesUsd } }).slice(-2);

    expect(lines(12.5)).toEqual([
      'Better placed elsewhere, $12.50 a month less: for 60 requests.',
      'Set it.',
    ]);
    expect(lines(0)[0]).toBe('Better placed elsewhere, to keep its limits: for 60 requests.');
  });

  it('says that the choice is estimated where no bill decided, also for a GPU that the build did not have', () => {
    expect(weighingLines({ options: [OPTION] } as unknown as Explanation)).toEqual([
      '',
      'Estimated: memory and idle cost decided, not a bill, since no build measured a request.',
    ]);
    const onGpu = { ...OPTION, taken: true, accelerator: { name: 'L4', count: 1 } };
    expect(weighingLines({ options: [OPTION, onGpu] } as unknown as Explanation)).toEqual([
      '',
      'Estimated: memory and idle cost decided, not a bill, since nobody measures a model with a GPU on other hardware.',
    ]);
    expect(weighingLines({ options: [] } as unknown as Explanation)).toEqual([]);
  });

  it('names the command that weighs a version by the request that proved it, where one did', () => {
    const proven = (sample: string) =>
      ({ model: 'digits', options: [{}], proof: { sample } }) as unknown as Explanation;

    expect(weighingLines(proven('manifest')).at(-1)).toBe(
      '`slipway whatif digits` weighs the bills by the time of the request that proved it.',
    );
    expect(weighingLines(proven('readiness')).at(-1)).toMatch(/^Estimated: /);
    expect(weighingLines({ ...proven('manifest'), version: 1, live: 2 }).at(-1)).toMatch(
      /^Estimated: /,
    );
  });
});
