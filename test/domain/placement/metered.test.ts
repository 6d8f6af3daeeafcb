import type { DeploymentWork } from '#domain/deployment.ts';
import { meteredAs, whyUnmetered } from '#domain/placement/metered.ts';
import { requestMsOn } from '#domain/placement/optimize.ts';
import { billedHours } from '#domain/placement/replay.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';

const GOLDEN = { sample: 1, warning: '', latencyMs: 200 };

/** The work of a version that no bill has placed. */
function workOn(
  decision: {
    readonly target: string;
    readonly memoryMiB: number;
    readonly cpuUnits: number;
    readonly instanceTypes?: readonly string[];
  },
  { scaling = {}, ...more }: Readonly<Record<string, unknown>> = {},
): DeploymentWork {
  const manifest = { scaling: { min: 1, schedules: [], ...(scaling as object) } };
  return {
    inspection: { manifest, facts: { sizeBytes: 1000, modelFile: 'model.onnx' } },
    plan: { runtime: 'onnx' },
    decision: { options: [], instanceTypes: [], ...decision },
    golden: GOLDEN,
    ...more,
  } as unknown as DeploymentWork;
}

function billed(work: DeploymentWork) {
  const found = meteredAs(work, SHIPPED_PRICES, 3);
  if (!found || 'unmetered' in found) throw new Error('not metered');
  return found;
}

// Fifteen requests a second in units of 25.
const UNITS = (15 / 25) * 0.008;

const hourOf = (requests: number) => [{ atMs: 0, requests, busiestMinute: requests / 60 }];

describe('a version that no bill has placed is metered', () => {
  it.each([442, 884, 1769, 3538])(
    'on Lambda with %i MiB by the time of the request that proved it there',
    (memoryMiB) => {
      const cpuUnits = Math.round((memoryMiB / 1769) * 1024);
      const { question, now } = billed(workOn({ target: 'lambda', memoryMiB, cpuUnits }));

      expect(requestMsOn(question, now)).toBeGreaterThanOrEqual(200);
      expect(requestMsOn(question, now)).toBeLessThanOrEqual(201);
      const { ownUsd } = billedHours(question, now, hourOf(36_000), 1);
      const seconds = (memoryMiB / 1024) * 0.2 * 0.0000166667;
      // Its starts are on top.
      expect(ownUsd / (36_000 * (seconds + 0.35e-6))).toBeCloseTo(1, 1);
    },
  );

  it('on Fargate by as many tasks as its requests a minute need, whatever their CPU', () => {
    const scaling = { requestsPerMinute: 300 };
    for (const cpuUnits of [512, 2048]) {
      const work = workOn({ target: 'fargate', memoryMiB: 4096, cpuUnits }, { scaling });
      const { question, now } = billed(work);

      const vcpus = cpuUnits / 1024;
      const task = vcpus * 0.04048 + 4 * 0.004445 + 0.005;
      const { ownUsd } = billedHours(question, now, hourOf(60 * 900), 1);
      expect(ownUsd).toBeCloseTo(3 * task + 0.0225 + UNITS, 4);
    }
  });

  it('by the traffic that its manifest names, and on Spot where that may be', () => {
    const traffic = { requestsPerSecond: 7, coldStarts: 'allowed', hours: 730 };
    const work = workOn({ target: 'fargate', memoryMiB: 2048, cpuUnits: 1024 });
    const { inspection } = work;
    const manifest = {
      ...inspection!.manifest,
      traffic,
      scaling: { min: 2, schedules: [], spot: {} },
    };
    const asked = {
      ...work,
      inspection: { ...inspection!, manifest },
    } as unknown as DeploymentWork;

    const { question, now } = billed(asked);

    expect(question.demand).toMatchObject({ requestsPerSecond: 7, peak: 14 });
    expect([now.isSpot, question.limits.leastReplicas]).toEqual([true, 2]);
  });

  it('on EC2 by the instances of its named type, with a GPU or without', () => {
    const scaling = { requestsPerMinute: 300 };
    const on = (instanceType: string) =>
      workOn(
        { target: 'ec2', memoryMiB: 3686, cpuUnits: 1843, instanceTypes: [instanceType, 'else'] },
        { scaling },
      );
    const hour = (instanceType: string) => {
      const { question, now } = billed(on(instanceType));
      return billedHours(question, now, hourOf(60 * 900), 1).ownUsd;
    };
    // Beside the instance and the fee of ECS: its volume of 80 GiB and its address.
    const beside = (80 * 0.08) / 730 + 0.005;

    expect(whyUnmetered(on('c6a.large'))).toBeUndefined();
    expect(hour('c6a.large')).toBeCloseTo(3 * (0.0765 * 1.12 + beside) + 0.0225 + UNITS, 4);
    expect(hour('g4dn.xlarge')).toBeCloseTo(3 * (0.526 * 1.12 + beside) + 0.0225 + UNITS, 4);
  });

  it('not on EC2 where ECS chose the instance, nor on Lambda by its readiness alone, nor before it came to a target', () => {
    const onLambda = { target: 'lambda', memoryMiB: 1769, cpuUnits: 1024 };
    const unproven = workOn(onLambda, { golden: { ...GOLDEN, sample: 'readiness' } });

    expect(meteredAs(workOn({ ...onLambda, target: 'ec2' }), SHIPPED_PRICES, 3)).toEqual({
      unmetered: expect.stringContaining('on EC2 is not metered'),
    });
    expect(meteredAs(unproven, SHIPPED_PRICES, 3)).toEqual({ unmetered: whyUnmetered(unproven) });
    expect(meteredAs({}, SHIPPED_PRICES, 3)).toBeUndefined();
    expect(
      meteredAs({ ...workOn(onLambda), plan: undefined } as never, SHIPPED_PRICES, 3),
    ).toBeUndefined();
  });
});
