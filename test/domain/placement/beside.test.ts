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
  it('are the cheapest instance that holds the model, where a function keeps the limits', () => {
    const [option, ...more] = besideOptions(asked());

    // 730 × (0.08925 × 1.12 + 0.005) + 730 × 0.0225
    expect(option?.ownUsd).toBeCloseTo(93.05, 1);
    expect(option).toMatchObject({ what: '1 × c7i.large on ec2', replicas: 1 });
    expect(option?.why).toContain('placement.target: ec2');
    expect(more).toEqual([]);
  });

  it('are Lambda Managed Instances too, where no function keeps them: three at least', () => {
    const [, option] = besideOptions(asked({ coldStarts: 'none' }));

    // 730 × 3 × 0.08925 × 1.15 + 2.628 × 0.20
    expect(option?.ownUsd).toBeCloseTo(225.3, 1);
    expect(option).toMatchObject({
      what: '3 × c7i.large by Lambda Managed Instances',
      why: 'not offered by Slipway yet',
    });
  });

  it('are asked for what a function holds, whatever the manifest allows', () => {
    const refused = { lambda: 'placement.allow does not include it' };

    expect(whats({ ...asked(), refused })).toEqual(['1 × c7i.large on ec2']);
  });

  it.each<[string, Partial<Measured>, readonly string[]]>([
    ['12 GiB', { memoryMiB: 12 * 1024 }, ['1 × r7i.large', '3 × r7i.large']],
    ['40 GiB, more than Managed Instances have', { memoryMiB: 40 * 1024 }, ['1 × r7i.2xlarge']],
    ['an image above 10 GiB', { imageBytes: 11 * 1024 ** 3 }, ['1 × c7i.large']],
    ['more than any instance', { memoryMiB: 600 * 1024 }, []],
  ])('hold a model of %s', (_, measured, expected) => {
    expect(whats(asked({}, measured)).map((what) => what.split(/ (?:on|by) /)[0])).toEqual(
      expected,
    );
  });

  it('keep the p95, by more of them or not at all', () => {
    expect(whats(asked({ requestsPerSecond: 50, peak: 100 }))).toEqual(['5 × c7i.large on ec2']);
    expect(whats(asked({ p95Ms: 20, coldStarts: 'none' }))).toEqual([]);
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
