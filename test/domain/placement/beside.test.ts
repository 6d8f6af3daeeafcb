import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import managed from '#domain/data/lambda-managed-instances.json' with { type: 'json' };
import { besideOptions } from '#domain/placement/beside.ts';
import { type Demand, type Measured, NO_LIMITS, type Question } from '#domain/placement/demand.ts';

const CLIENT = 'node_modules/@aws-sdk/client-lambda';

/** One request a second of 25 ms, all day, in 1,769 MiB. */
function asked(demand: Partial<Demand> = {}, measured: Partial<Measured> = {}): Question {
  return {
    demand: {
      requestsPerSecond: 1,
      peak: 1,
      p95Ms: null,
      coldStarts: 'allowed',
      hours: 730,
      ...demand,
    },
    measured: {
      requestMs: 25,
      parallelPart: 0,
      memoryMiB: 1769,
      imageBytes: 1024 ** 3,
      startMs: 2000,
      ...measured,
    },
    limits: NO_LIMITS,
    allowsSpot: false,
  };
}

const whats = (question: Question) => besideOptions(question).map(({ what }) => what);

describe('the ways that are priced and never chosen', () => {
  it('are nothing where a function keeps the limits', () => {
    expect(whats(asked())).toEqual([]);
  });

  it('are Lambda Managed Instances, where no function keeps them: three at least', () => {
    const [option, ...more] = besideOptions(asked({ coldStarts: 'none' }));

    // 730 × 3 × 0.0765 × 1.15 + 2.628 × 0.20
    expect(option?.ownUsd).toBeCloseTo(193.19, 1);
    expect(option).toMatchObject({
      what: '3 × c6a.large by Lambda Managed Instances',
      why: 'not offered by Slipway yet',
    });
    expect(more).toEqual([]);
  });

  it('are asked for what a function holds, whatever the manifest allows', () => {
    const refused = { lambda: 'placement.allow does not include it' };

    expect(whats({ ...asked(), refused })).toEqual([]);
  });

  it.each<[string, Partial<Measured>, readonly string[]]>([
    ['12 GiB', { memoryMiB: 12 * 1024 }, ['3 × r6a.large']],
    ['40 GiB, more than they have', { memoryMiB: 40 * 1024 }, []],
    ['an image above 10 GiB, which is more than they have', { imageBytes: 11 * 1024 ** 3 }, []],
  ])('hold a model of %s', (_, measured, expected) => {
    expect(whats(asked({}, measured)).map((what) => what.split(' by ')[0])).toEqual(expected);
  });

  it('keep the p95, by more of them or not at all', () => {
    const never = { coldStarts: 'none' } as const;

    expect(whats(asked({ ...never, requestsPerSecond: 50, peak: 100 }))).toEqual([
      '5 × c6a.large by Lambda Managed Instances',
    ]);
    expect(whats(asked({ ...never, p95Ms: 20 }))).toEqual([]);
  });
});

describe('the sources of their prices', () => {
  it('are pages', () => {
    for (const { source } of [ec2, managed]) expect(source).toMatch(/^https:\/\//);
  });

  it('name what the SDK has of Lambda Managed Instances, and what it lacks', () => {
    const types = readFileSync(join(CLIENT, 'dist-types/models/models_0.d.ts'), 'utf8');
    const { version } = JSON.parse(readFileSync(join(CLIENT, 'package.json'), 'utf8'));

    expect(managed.note).toContain(`client-lambda ${version}`);
    expect(types).toContain('interface LambdaManagedInstancesCapacityProviderConfig');
    expect(types).toContain('interface FunctionScalingConfig');
    expect(types).not.toContain('AcceleratorConfig');
  });
});
