import type { Explanation } from '#control/explanation.ts';
import type { Slipway } from '#control/slipway.ts';
import { FIRST_GUESS, NO_LIMITS } from '#domain/placement/demand.ts';
import { costLines, costReport } from '../../../src/cli/views/cost.ts';

const OPTION = { cpuUnits: 1024, memoryMiB: 1769, instanceTypes: [], reason: 'it fits' };
const ON_LAMBDA = { ...OPTION, target: 'lambda', taken: true, monthlyUsd: 0 };
const ON_FARGATE = { ...OPTION, target: 'fargate', taken: true, monthlyUsd: 36.04 };
const ON_EC2 = { ...OPTION, target: 'ec2', taken: true, monthlyUsd: null };

/** A Slipway with these models: the options of each, or null where it is not live. */
function slipwayOf(
  models: Readonly<Record<string, object | null>>,
  latencyMs = 20,
  more: Readonly<Record<string, object>> = {},
): Slipway {
  return {
    listModels: async () => ({
      models: Object.entries(models).map(([name, option]) => statusOf(name, option, more[name])),
    }),
    readModel: async ({ name }: { readonly name: string }) =>
      statusOf(name, models[name] ?? null, more[name]),
    explainVersion: async ({ name: model }: { readonly name: string }) =>
      ({
        model,
        version: 2,
        options: [models[model]],
        proof: { latencyMs },
        ...more[model],
      }) as unknown as Explanation,
  } as unknown as Slipway;
}
function statusOf(name: string, option: object | null, more: object = {}) {
  return { name, live: option && { version: 2 }, spent: null, ...more };
}

const ALL = { model: undefined, durationMs: undefined, isSpent: true, parameters: null };

const SPENT = {
  month: '2026-12',
  untilMs: Date.UTC(2026, 11, 5, 13),
  isSpent: true,
  maxMonthlyUsd: 50,
  most: null,
  unmetered: null,
};

describe('slipway cost', () => {
  it('shows what each model has cost in this month, by team, and all together with those that are gone', async () => {
    const models = { digits: ON_LAMBDA, ocr: ON_FARGATE, big: ON_EC2, gone: null };
    const slipway = slipwayOf(models, 20, {
      digits: { spent: { ...SPENT, usd: 12.5 }, team: 'vision' },
      ocr: { spent: { ...SPENT, usd: 30 } },
      big: { spent: { ...SPENT, usd: 1, unmetered: 'it runs on EC2' } },
      gone: { spent: { ...SPENT, usd: 2.25 } },
    });

    const report = await costReport(slipway, ALL);

    expect(report.spent).toEqual({ month: '2026-12', usd: 45.75, goneUsd: 2.25 });
    expect(report.teams).toMatchObject([
      { team: 'vision', spentUsd: 12.5 },
      { team: null, spentUsd: 31 },
    ]);
    const lines = costLines(report);
    expect(lines.slice(1, 4)).toEqual([
      expect.stringMatching(/^digits .* \$12\.50$/),
      expect.stringMatching(/^ocr .* \$30\.00$/),
      expect.stringMatching(/^big .* not metered$/),
    ]);
    expect(lines[5]).toBe(
      'Together $45.75 since 2026-12-01 by their requests, without API Gateway, $2.25 of it for models that are gone.',
    );
    expect(lines[7]).toMatch(/^vision +1 +not known +\$12\.50$/);
    expect(
      costLines(
        await costReport(
          slipwayOf({ gone: null }, 0, { gone: { spent: { ...SPENT, usd: 2 } } }),
          ALL,
        ),
      )[1],
    ).toMatch(/^Together \$2\.00 .*, \$2\.00 of it for models that are gone\.$/);
  });

  it('shows each live version, idle and by a million calls as long as the one that proved it, with the day of the prices', async () => {
    const slipway = slipwayOf({ digits: ON_LAMBDA, ocr: ON_FARGATE, gone: null });

    expect(costLines(await costReport(slipway, ALL))).toEqual([
      'MODEL   VERSION  TARGET   IDLE, USD A MONTH  PER MILLION CALLS  OF     FOR ITS TRAFFIC  THIS MONTH',
      'digits  v2       lambda   $0.00              $5.13              20 ms  not known        not known',
      'ocr     v2       fargate  $36.04             $4.29              20 ms  not known        not known',
      expect.stringMatching(
        /^Idle together \$36\.04 a month, beside the stack itself with its load balancer and, with containers=public, \$3\.65 for the address of each task and host\. Prices of us-east-1, 20\d\d-\d\d-\d\d, on demand/,
      ),
    ]);
  });

  it('takes the duration that is said, and one model', async () => {
    const slipway = slipwayOf({ digits: ON_LAMBDA, ocr: ON_FARGATE });

    const report = await costReport(slipway, { ...ALL, model: 'digits', durationMs: 1000 });

    expect(report.revisions).toEqual([
      expect.objectContaining({ model: 'digits', durationMs: 1000, perCallsUsd: 33.34 }),
    ]);
  });

  it('takes the time that the build measured, on the memory of the version, before that of the request that proved it', async () => {
    const weighing = {
      isGuess: true,
      question: {
        demand: { ...FIRST_GUESS },
        measured: { requestMs: 7.2, parallelPart: 0, memoryMiB: 300, imageBytes: 1, startMs: 1000 },
        limits: NO_LIMITS,
        allowsSpot: false,
      },
    };
    const slipway = slipwayOf({ digits: ON_LAMBDA }, 204, { digits: { weighing } });

    const [digits] = (await costReport(slipway, ALL)).revisions;

    expect(digits).toMatchObject({ durationMs: 8, isAssumed: false });
  });

  it('leaves the load balancer, which all models of a stack share, to the stack', async () => {
    const weighing = {
      isGuess: true,
      question: {
        demand: { ...FIRST_GUESS, coldStarts: 'none' },
        measured: { requestMs: 20, parallelPart: 0, memoryMiB: 300, imageBytes: 1, startMs: 1000 },
        limits: NO_LIMITS,
        allowsSpot: false,
      },
    };
    const slipway = slipwayOf({ ocr: { ...ON_FARGATE, memoryMiB: 2048 } }, 20, {
      ocr: { weighing },
    });

    const [ocr] = (await costReport(slipway, ALL)).revisions;

    // 730 hours of a task of 1 vCPU and 2 GB with its address are $39.69, and 626,400 requests on their way to it $2.62, with $0.06 for the units of the load balancer.
    expect(ocr?.usdPerMonth).toBeCloseTo(39.69 + 2.62 + 0.06, 1);
  });

  it('says on one machine that nothing is spent, and what it would be', async () => {
    const report = await costReport(slipwayOf({ digits: ON_LAMBDA }), { ...ALL, isSpent: false });

    expect(report.isSpent).toBe(false);
    expect(costLines(report)[0]).toBe(
      'Nothing is spent on this machine. On AWS, on the targets that were chosen:',
    );
  });

  it('says of a named model that is not live that it costs nothing now', async () => {
    const idle = 'digits is not live, so it costs nothing; these are the bills that v2 would have.';
    const linesOf = async (live: number | null) => {
      const slipway = slipwayOf({ digits: ON_LAMBDA }, 20, { digits: { live } });
      return costLines(await costReport(slipway, { ...ALL, model: 'digits' }));
    };

    expect((await linesOf(null))[0]).toBe(idle);
    expect(await linesOf(2)).not.toContain(idle);
  });

  it('measures no version, and says on one machine which command does', async () => {
    const asked: object[] = [];
    const slipway = slipwayOf({ digits: ON_LAMBDA, ocr: ON_LAMBDA }, 20, { ocr: { image: {} } });
    const noted = {
      ...slipway,
      explainVersion(input: { readonly name: string }) {
        asked.push(input);
        return slipway.explainVersion(input);
      },
    } as Slipway;
    const hint =
      'Nobody has measured digits: `slipway explain digits` does, and then the bill for the traffic is known.';

    expect(costLines(await costReport(noted, { ...ALL, isSpent: false }))).toContain(hint);
    expect(costLines(await costReport(noted, ALL))).not.toContain(hint);
    expect(asked.slice(0, 2)).toEqual([
      { name: 'digits', measure: false },
      { name: 'ocr', measure: false },
    ]);
  });

  it('does not make up what nobody knows', async () => {
    const report = await costReport(slipwayOf({ big: ON_EC2 }, 0), ALL);

    expect(report.revisions[0]).toMatchObject({ idleUsdPerMonth: null, durationMs: 100 });
    expect(costLines(report)[1]).toMatch(/not known .* 100 ms, assumed {2}not known +not known$/);
    expect(costLines(report)[2]).toMatch(/together \$0\.00 a month, without the 1 whose instances/);
  });

  it('names the items of the stack, with the keys that its parameters ask for', async () => {
    const parameters = {
      Containers: 'off',
      SignReleases: 'on',
      KmsKeyArn: 'arn:k',
      Firewall: 'on',
    };

    const report = await costReport(slipwayOf({ gone: null }), { ...ALL, parameters });

    expect(costLines(report)).toEqual([
      'no model is live',
      'STACK                                             IDLE, USD A MONTH',
      'the stack, containers=off                         $4.95',
      'the KMS key that signs releases, signReleases=on  $1.00',
      'your own KMS key, kmsKeyArn                       $1.00',
      'the web ACL of AWS WAF, firewall=on               $7.00',
      expect.stringMatching(
        /^The stack together \$13\.95 a month, at the prices of us-east-1, 20\d\d-/,
      ),
    ]);
  });

  it('names nothing that a stack is not set to', async () => {
    const parameters = {
      Containers: 'public',
      SignReleases: 'off',
      KmsKeyArn: '',
      Firewall: 'off',
    };

    const { stack } = await costReport(slipwayOf({}), { ...ALL, parameters });

    expect(stack).toEqual([{ what: 'the stack, containers=public', usdPerMonth: 21.58 }]);
  });

  it("sums the bills of each model's own traffic by team, with the stack's team for those that name none", async () => {
    const question = {
      demand: {
        requestsPerSecond: 10,
        peak: 20,
        p95Ms: null,
        coldStarts: 'allowed',
        hours: 730,
      },
      measured: { requestMs: 25, parallelPart: 0, memoryMiB: 300, imageBytes: 1, startMs: 2000 },
      limits: NO_LIMITS,
      allowsSpot: false,
    } as const;
    const weighing = { question, isGuess: false, learntDays: 14, options: [], flipsAt: null };
    const slipway = slipwayOf({ digits: ON_LAMBDA, ocr: ON_FARGATE, big: ON_EC2 }, 20, {
      digits: { weighing, team: 'vision' },
      ocr: { weighing },
    });

    const report = await costReport(slipway, { ...ALL, parameters: { Team: 'core' } });

    expect(report.revisions.map(({ team, source }) => [team, source])).toEqual([
      ['vision', 'learnt'],
      ['core', 'learnt'],
      ['core', null],
    ]);
    expect(report.teams).toEqual([
      {
        ...{ team: 'core', models: 2, spentUsd: 0 },
        ...{ usdPerMonth: report.revisions[1]?.usdPerMonth, unknown: 1 },
      },
      {
        ...{ team: 'vision', models: 1, spentUsd: 0 },
        ...{ usdPerMonth: report.revisions[0]?.usdPerMonth, unknown: 0 },
      },
    ]);
    const lines = costLines(report);
    expect(lines[1]).toMatch(/ {2}\$\d+\.\d\d, as it got +not known$/);
    const sum = report.revisions.reduce((all, { usdPerMonth }) => all + (usdPerMonth ?? 0), 0);
    expect(lines.slice(5, 9)).toEqual([
      `For their traffic together $${sum.toFixed(2)} a month, with API Gateway, without 1 not known.`,
      expect.stringMatching(/^TEAM +MODELS +USD A MONTH +THIS MONTH$/),
      expect.stringMatching(/^core +2 +\$\d+\.\d\d, without 1 not known +\$0\.00$/),
      expect.stringMatching(/^vision +1 +\$\d+\.\d\d +\$0\.00$/),
    ]);
  });

  describe('of models whose requests together reach a cheaper tier of API Gateway', () => {
    const weighingAt = (requestsPerSecond: number) => ({
      isGuess: false,
      question: {
        demand: { ...FIRST_GUESS, requestsPerSecond, peak: requestsPerSecond, hours: 730 },
        measured: { requestMs: 20, parallelPart: 0, memoryMiB: 300, imageBytes: 1, startMs: 1000 },
        limits: NO_LIMITS,
        allowsSpot: false,
      },
    });
    const slipway = slipwayOf({ large: ON_LAMBDA, small: ON_LAMBDA, quiet: ON_LAMBDA }, 20, {
      large: { weighing: weighingAt(300) },
      small: { weighing: weighingAt(100) },
    });
    // 788.4 and 262.8 million requests a month.
    const million = [300 * 2.628, 100 * 2.628] as const;
    const together = million[0] + million[1];
    const gatewayUsd = 333 * 3.5 + 667 * 2.8 + (together - 1000) * 2.38;

    it('sums to the bill of all of them, in which each has the share of its requests', async () => {
      const { shared, revisions } = await costReport(slipway, ALL);

      const [large, small, quiet] = revisions.map(({ usdPerMonth }) => usdPerMonth);
      const alone = await Promise.all(
        ['large', 'small'].map(async (model) => {
          const { revisions: own } = await costReport(slipway, { ...ALL, model });
          return own[0]?.usdPerMonth ?? 0;
        }),
      );
      const aloneUsd = [333 * 3.5 + (million[0] - 333) * 2.8, million[1] * 3.5] as const;
      expect(alone[0]! - large!).toBeCloseTo(aloneUsd[0] - (gatewayUsd * million[0]) / together, 4);
      expect(alone[1]! - small!).toBeCloseTo(aloneUsd[1] - (gatewayUsd * million[1]) / together, 4);
      expect(quiet).toBeNull();
      expect(shared.apiRequest.units).toBeCloseTo(together * 1e6, 0);
      expect(shared.apiRequest.averageUsd * together * 1e6).toBeCloseTo(gatewayUsd, 6);
    });

    it('counts a million calls by the average too, and says so', async () => {
      const lines = costLines(await costReport(slipway, ALL));

      // $0.50 less than alone.
      expect(lines[1]).toMatch(/^large .* \$4\.63 +20 ms/);
      expect(lines).toContain(
        'All this traffic together reaches cheaper tiers of AWS: on average a million requests to API Gateway $3.00. Each model pays its share.',
      );
    });

    it('prices a model as if it were alone where a Slipway of an earlier version does not say what all use', async () => {
      const report = await costReport(slipway, { ...ALL, model: 'small' });

      expect(report.shared.apiRequest.averageUsd).toBe(0.0000035);
      expect(costLines(report).join('\n')).not.toMatch('tiers');
    });

    it('names the GB-seconds of Lambda too, where they reach a cheaper tier', async () => {
      const { question } = weighingAt(300);
      const weighing = {
        isGuess: false,
        question: { ...question, measured: { ...question.measured, requestMs: 7000 } },
      };

      const report = await costReport(
        slipwayOf({ slow: ON_LAMBDA }, 20, { slow: { weighing } }),
        ALL,
      );

      const { units, averageUsd } = report.shared.lambdaX86GBSecond;
      expect(units / (300 * 2.628e6 * 7 * (1769 / 1024))).toBeCloseTo(1, 2);
      expect(averageUsd * units).toBeCloseTo(100_000.2 + (units - 6e9) * 0.000015, 2);
      expect(costLines(report).join('\n')).toMatch(
        /API Gateway \$3\.10, a million GB-seconds of Lambda \$16\.05\./,
      );
    });
  });

  it('says so where no model is live', async () => {
    expect(costLines(await costReport(slipwayOf({ gone: null }), ALL))).toEqual([
      'no model is live',
    ]);
  });
});
