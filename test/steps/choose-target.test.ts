import type { Inspection } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Held } from '#domain/workflow.ts';
import { explainVersion } from '#operations/models/explain-version.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../support/worlds/memory.ts';
import { planGpu } from '../support/worlds/planned-gpu.ts';

const MIB = 1024 ** 2;
const HOUR = 3_600_000;

/** The deployment's model is expected to use this much memory. */
async function weigh(world: MemoryWorld, held: Held, bytes: number): Promise<void> {
  const { facts, manifest } = (await world.recordOf(held)).work.inspection as Inspection;
  await world.registry.recordWork(held, {
    inspection: { manifest, facts: { ...facts, memory: [{ name: 'all of it', bytes }] } },
  });
}

type Called = {
  readonly perSecond: number;
  readonly manifest?: string;
  /** How the counts are refused. */
  readonly failure?: Failure;
};

/** A model of 100 ms, which was live on Lambda for two weeks and called so often a second. */
async function calledWorld(called: Omit<Called, 'manifest'>) {
  const { perSecond } = called;
  const world = memoryWorld({
    engine: 'image',
    tap: async (method, call) => {
      if (called.failure && method === 'demand.hours') throw called.failure;
      return call();
    },
  });
  world.builds.measure(100);
  await world.deploy();
  world.clock.advance(14 * 24 * HOUR);
  const nowMs = world.clock.now();
  const hours = Array.from({ length: 14 * 24 }, (_, ago) => ({
    atMs: nowMs - (nowMs % HOUR) - ago * HOUR,
    requests: perSecond * 3600,
    busiestMinute: perSecond * 60,
  }));
  world.demand.called(MODEL, hours);
  return world;
}

/** The decision about the next version of such a model. */
async function chosenAgain({ manifest = '', ...called }: Called) {
  const world = await calledWorld(called);
  const held = await world.before('DescribeCandidate', world.upload({ manifest }));
  return (await world.recordOf(held)).work.decision!;
}

describe('choosing a target', () => {
  it('takes Lambda and records why', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget');

    const answer = await chooseTarget(world.deps)({ ...held, variables: [] });

    expect(answer).toEqual({ target: 'lambda' });
    expect((await world.recordOf(held)).work.decision).toMatchObject({
      target: 'lambda',
      memoryMiB: 1769,
      cpuUnits: 1024,
      options: [
        { target: 'lambda', taken: true, monthlyUsd: 0, reason: expect.stringMatching(/./) },
        { target: 'fargate', taken: false, monthlyUsd: 36.04 },
        { target: 'ec2', taken: false, monthlyUsd: 68.95 },
      ],
    });
  });

  it('gives the memory that the manifest asks for', async () => {
    const world = memoryWorld();
    const event = world.upload({ manifest: 'resources: { memory: 2Gi }' });
    const held = await world.before('ChooseTarget', event);

    await chooseTarget(world.deps)({ ...held, variables: [] });

    expect((await world.recordOf(held)).work.decision?.memoryMiB).toBe(2048);
  });

  it.each([
    { manifest: 'placement: { target: ec2 }', target: 'ec2' },
    { manifest: 'placement: { allow: [fargate] }', target: 'fargate' },
    { manifest: 'resources: { memory: 16Gi }', target: 'fargate' },
  ])('takes $target for $manifest', async ({ manifest, target }) => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget', world.upload({ manifest }));

    expect(await chooseTarget(world.deps)({ ...held, variables: [] })).toEqual({ target });
  });

  it('takes EC2 for a GPU', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget');
    await planGpu(world, held, { name: 'T4', count: 1 });

    const chosen = await chooseTarget(world.deps)({ ...held, variables: [] });

    expect(chosen).toEqual({ target: 'ec2' });
  });

  it('counts the cost of every replica that always runs', async () => {
    const world = memoryWorld();
    const manifest = 'placement: { target: fargate }\nscaling: { min: 3 }';
    const held = await world.before('ChooseTarget', world.upload({ manifest }));

    await chooseTarget(world.deps)({ ...held, variables: [] });

    const { options } = (await world.recordOf(held)).work.decision!;
    expect(options.find(({ taken }) => taken)?.monthlyUsd).toBeCloseTo(3 * 36.04, 1);
  });

  it('rejects a model that fits nowhere, with the numbers and what to do', async () => {
    const world = memoryWorld({ offered: ['lambda'] });
    const manifest = 'placement: { target: lambda }';
    const held = await world.before('ChooseTarget', world.upload({ manifest }));
    await weigh(world, held, 12_992 * MIB);

    await expect(chooseTarget(world.deps)({ ...held, variables: [] })).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringMatching(
        /^no target can hold the model; lambda: the model needs 12992 MiB of memory; Lambda has 10240; fargate: placement.target is lambda; ec2: placement.target is lambda/,
      ),
      fix: expect.stringMatching(/./),
    });
  });

  it('chooses again once AWS has refused what was chosen, and keeps what it gives', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget');
    const memory = async () => {
      await chooseTarget(world.deps)({ ...held, variables: [] });
      return (await world.recordOf(held)).work.decision?.memoryMiB;
    };

    expect(await memory()).toBe(1769);
    await world.accountLimits.learnFunctionMemory(512);
    expect(await memory()).toBe(512);
    world.clock.advance(86_400_000);
    expect(await memory()).toBe(512);
  });

  it('tries more memory again a day after a refusal, since AWS may have lifted the limit', async () => {
    const world = memoryWorld();
    await world.accountLimits.learnFunctionMemory(512);
    world.clock.advance(86_400_000);
    const held = await world.before('ChooseTarget');

    await chooseTarget(world.deps)({ ...held, variables: [] });

    expect((await world.recordOf(held)).work.decision?.memoryMiB).toBe(1769);
  });

  it('takes what the build exported for the image, and judges by its unpacked size', async () => {
    const world = memoryWorld({ engine: 'image' });
    const manifest = 'placement: { target: lambda }';
    const held = await world.before('ChooseTarget', world.upload({ manifest }));
    const digest = 'a'.repeat(64);
    const built = {
      digest: `sha256:${digest}`,
      compressedBytes: 4_000_000_000,
      uncompressedBytes: 10_737_418_241,
      artifactSha256: digest,
      proof: null,
      smoke: null,
    };
    const variables = [{ Name: 'BUILT', Value: JSON.stringify(built) }];

    await expect(chooseTarget(world.deps)({ ...held, variables })).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('10737418241 bytes unpacked'),
    });
  });

  it.each([
    { manifest: 'traffic: { requestsPerSecond: 24, peak: 24 }', target: 'fargate' },
    { manifest: 'traffic: { requestsPerSecond: 1 }', target: 'lambda' },
    { manifest: '', target: 'lambda' },
  ])('takes $target for "$manifest" where the build has measured 100 ms', async (each) => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('ChooseTarget', world.upload({ manifest: each.manifest }));
    const digest = 'a'.repeat(64);
    const runs = [{ vcpus: 1, rows: 1, requests: 3, ms: 100, cpuMs: null }];
    const built = {
      digest: `sha256:${digest}`,
      compressedBytes: 100_000_000,
      uncompressedBytes: 250_000_000,
      artifactSha256: digest,
      proof: null,
      smoke: {
        startMs: 1000,
        peakBytes: 200 * MIB,
        measured: {
          by: 'quota',
          runs,
          several: { atOnce: 8, vcpus: 1, requests: 16, ms: 104, peakBytes: 1700 * MIB },
        },
      },
    };
    const variables = [{ Name: 'BUILT', Value: JSON.stringify(built) }];

    expect(await chooseTarget(world.deps)({ ...held, variables })).toEqual({
      target: each.target,
    });

    const { decision } = (await world.recordOf(held)).work;
    expect(decision?.weighing).toMatchObject({
      isGuess: each.manifest === '',
      question: {
        measured: {
          requestMs: 100,
          startMs: 3000,
          // A tenth more than the server held, in whole ones.
          several: { atOnce: 8, memoryMiB: 1871, times: 1 },
        },
      },
    });
    expect(decision?.weighing?.options[0]).toMatchObject({ target: each.target, refusals: [] });
  });

  it('takes what the live version got where the manifest names no traffic, and says from how many days', async () => {
    expect(await chosenAgain({ perSecond: 60 })).toMatchObject({
      target: 'fargate',
      scaling: { max: expect.any(Number) },
      weighing: {
        isGuess: false,
        learntDays: 14,
        question: { demand: { requestsPerSecond: 60, peak: 60, hours: 730 } },
      },
    });
  });

  it('takes what the live version was placed for where the counts cannot be read', async () => {
    const called: { readonly perSecond: number; failure?: Failure } = { perSecond: 60 };
    const world = await calledWorld(called);
    await world.deploy(world.upload());
    called.failure = new Failure('PlatformThrottled', 'cloudwatch:GetMetricData');

    const held = await world.before('DescribeCandidate', world.upload());

    expect((await world.recordOf(held)).work.decision).toMatchObject({
      target: 'fargate',
      weighing: { isGuess: false, learntDays: 14, question: { demand: { requestsPerSecond: 60 } } },
    });
  });

  it('goes by the traffic that the manifest names, whatever the live version got', async () => {
    const manifest = 'traffic: { requestsPerSecond: 0.1 }';

    const decision = await chosenAgain({ perSecond: 60, manifest });

    expect(decision).toMatchObject({
      target: 'lambda',
      weighing: { isGuess: false, question: { demand: { requestsPerSecond: 0.1 } } },
    });
    expect(decision.weighing).not.toHaveProperty('learntDays');
  });

  it("stays on the live version's target where another would save less than a tenth or $5 a month", async () => {
    const { target, weighing } = await chosenAgain({ perSecond: 23 });

    const [taken, best] = weighing!.options;
    expect([target, taken?.target, best?.target]).toEqual(['lambda', 'lambda', 'fargate']);
    expect(best!.ownUsd).toBeLessThan(taken!.ownUsd);
  });

  it('chooses by the first guess where the counts cannot be read', async () => {
    const failure = new Failure('PlatformDenied', 'cloudwatch:GetMetricData');

    expect(await chosenAgain({ perSecond: 60, failure })).toMatchObject({
      target: 'lambda',
      weighing: { isGuess: true },
    });
  });

  it('rules out Lambda where the peak needs more executions than the account allows', async () => {
    const world = memoryWorld({ engine: 'image', functionConcurrency: 10 });
    world.builds.measure(100);
    const manifest = 'traffic: { requestsPerSecond: 1, peak: 150 }';

    await world.deploy(world.upload({ manifest }));

    const live = (await world.registry.model(MODEL))!.live!;
    expect(live.target).toBe('fargate');
    const { options } = (await world.registry.deployment(live.deploymentId))!.work.decision!;
    expect(options[0]?.reason).toMatch(/the peak needs 15 executions at once; the account has 10$/);
  });

  it('rules out Fargate where the peak needs more vCPUs than the account allows', async () => {
    const world = memoryWorld({ engine: 'image', fargateVcpus: 6, ec2Vcpus: 8 });
    world.builds.measure(100);
    const manifest = 'traffic: { requestsPerSecond: 40, peak: 60 }';

    const held = await world.before('ProvisionLambda', world.upload({ manifest }));

    const { options, weighing } = (await world.recordOf(held)).work.decision!;
    expect(weighing?.question.limits.fargateVcpus).toBe(6);
    expect(weighing?.question.limits.ec2Vcpus).toBe(8);
    expect(options[1]?.reason).toMatch(/the peak needs \d+ vCPUs of Fargate; the account has 6$/);
  });

  it('asks for no vCPUs of Fargate where the installation has no containers', async () => {
    const world = memoryWorld({
      engine: 'image',
      offered: ['lambda'],
      fargateVcpus: 6,
      ec2Vcpus: 8,
    });
    world.builds.measure(100);

    const held = await world.before('ProvisionLambda');

    const { weighing } = (await world.recordOf(held)).work.decision!;
    expect(weighing?.question.limits.fargateVcpus).toBeNull();
    expect(weighing?.question.limits.ec2Vcpus).toBeNull();
  });

  describe('once five versions have taken 35 s to start on Lambda', () => {
    const startedWorld = async (versions: number) => {
      const world = memoryWorld({ engine: 'image', pendingMs: 35_000 });
      world.builds.measure(100);
      for (let version = 1; version <= versions; version += 1) {
        await world.deploy(world.upload({ manifest: `team: team-${version}` }));
      }
      return world;
    };
    const next = async (world: MemoryWorld) => {
      const held = await world.before('DescribeCandidate', world.upload());
      return (await world.recordOf(held)).work.decision!;
    };

    it('takes them for what the sixth will take', async () => {
      const early = await next(await startedWorld(4));
      const late = await next(await startedWorld(5));

      const seconds = ({ weighing }: typeof early) => weighing!.question.measured.startMs / 1000;
      expect(seconds(early)).toBeLessThan(10);
      expect(seconds(late)).toBeGreaterThan(28);
      expect(seconds(late)).toBeLessThan(42);
      expect(early).toMatchObject({ target: 'lambda', startSeconds: seconds(early) });
      expect(late.options[0]?.reason).toMatch(/a cold start would take some \d+ s, by 5/);
    });

    it('explains what the next one was expected to take', async () => {
      const world = await startedWorld(5);
      const manifest = 'placement: { target: lambda }';
      await world.deploy(world.upload({ manifest }));
      const model = (await world.registry.model(MODEL))!;
      const { registry, demand, prices, clock } = world;
      const known = { registry, demand, prices, clock, measureLive: null, together: null };
      const explained = (isSpent: boolean) => explainVersion({ ...known, isSpent }, model, null);

      const { start, options } = await explained(true);
      const onOneMachine = (await explained(false)).options[0]!;

      expect(start!.seconds / 35).toBeCloseTo(1, 0);
      expect(Math.abs(start!.expectedSeconds! / start!.seconds - 1)).toBeLessThan(0.2);
      expect(start!.notedStarts).toBe(5);
      expect(options[0]).toMatchObject({ target: 'lambda', notedStarts: 6 });
      expect(onOneMachine).toMatchObject({ notedStarts: 0 });
      expect(onOneMachine.coldStartSeconds).toBeLessThan(10);
    });
  });

  it('records the image with the decision', async () => {
    const world = memoryWorld({ engine: 'image' });

    const held = await world.before('ProvisionLambda');

    const { plan, image, decision } = (await world.recordOf(held)).work;
    expect(image).toMatchObject({ tag: plan?.imageTag, uncompressedBytes: 250_000_000 });
    expect(decision?.target).toBe('lambda');
  });

  it('does not go on from a build that exported no digest', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('ChooseTarget');

    await expect(chooseTarget(world.deps)({ ...held, variables: [] })).rejects.toMatchObject({
      name: 'BuildFailed',
    });
  });

  it('is not done again', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget');
    await chooseTarget(world.deps)({ ...held, variables: [] });
    await weigh(world, held, 12_992 * MIB);

    expect(await chooseTarget(world.deps)({ ...held, variables: [] })).toEqual({
      target: 'lambda',
    });
  });
});

describe('a cap', () => {
  it.each([
    { says: 'refuse', days: 0, isRefused: true },
    { says: 'fewer', days: 0, isRefused: false },
    { says: 'refuse', days: 31, isRefused: false },
  ])(
    'that a month has reached refuses a new version only if its manifest says so, and until the month ends: $says after $days days',
    async ({ says, days, isRefused }) => {
      const world = memoryWorld({ caps: { maxMonthlyUsd: 50 } });
      await world.deploy(world.upload());
      const { live } = (await world.registry.model(MODEL))!;
      const month = new Date(world.clock.now()).toISOString().slice(0, 7);
      const spent = { month, usd: 51.234, untilMs: 0, peak: 1, isOver: true, most: null };
      await world.registry.noteSpent(live!, spent, null);
      world.clock.advance(days * 24 * 3_600_000);
      const manifest = `placement: { overspent: ${says} }`;
      const held = await world.before('ChooseTarget', world.upload({ manifest }));

      const chosen = chooseTarget(world.deps)({ ...held, variables: [] });

      if (!isRefused) return expect(await chosen).toEqual({ target: 'lambda' });
      await expect(chosen).rejects.toMatchObject({
        name: 'ArtifactRejected',
        message: `${MODEL} has cost $51.23 since ${month}-01, by its requests; the cap maxMonthlyUsd is $50, and placement.overspent is refuse`,
      });
    },
  );

  it('on GPUs refuses a model above it', async () => {
    const world = memoryWorld({ caps: { allowedAccelerators: ['L4'] } });
    const held = await world.before('ChooseTarget');
    await planGpu(world, held, { name: 'T4', count: 1 });

    await expect(chooseTarget(world.deps)({ ...held, variables: [] })).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message:
        'resources.accelerator in model.yaml asks for 1 T4; the cap allowedAccelerators is L4',
    });
  });

  it.each([
    {
      what: 'replicas',
      caps: { maxReplicas: 2 },
      manifest: 'placement: { target: fargate }\nscaling: { max: 3 }',
      message: 'scaling in model.yaml asks for up to 3 replicas; the cap maxReplicas is 2',
    },
    {
      what: 'what a month costs',
      caps: { maxMonthlyUsd: 100 },
      manifest: 'placement: { target: fargate }\nscaling: { max: 3 }',
      message: expect.stringMatching(
        /^the model would cost more than it may; .*fargate: its 3 replicas would cost \$108\.12 a month; the cap maxMonthlyUsd is \$100;/,
      ),
    },
  ])(
    'on $what refuses a model above it, and takes no target',
    async ({ caps, manifest, message }) => {
      const world = memoryWorld({ caps });
      const held = await world.before('ChooseTarget', world.upload({ manifest }));

      await expect(chooseTarget(world.deps)({ ...held, variables: [] })).rejects.toMatchObject({
        name: 'ArtifactRejected',
        message,
        fix: expect.stringContaining(`raises the cap by the parameter ${Object.keys(caps)[0]}=`),
      });
      expect((await world.recordOf(held)).work.decision).toBeUndefined();
    },
  );

  it('is not blamed for a model that fits nowhere anyhow', async () => {
    const world = memoryWorld({ offered: ['lambda'], caps: { maxMonthlyUsd: 1 } });
    const held = await world.before('ChooseTarget');
    await weigh(world, held, 12_992 * MIB);

    await expect(chooseTarget(world.deps)({ ...held, variables: [] })).rejects.toThrow(
      /^no target can hold the model/,
    );
  });

  it('on what a month costs lets Lambda be taken, which costs nothing while idle', async () => {
    const world = memoryWorld({ caps: { maxMonthlyUsd: 0 } });
    const held = await world.before('ChooseTarget');

    expect(await chooseTarget(world.deps)({ ...held, variables: [] })).toEqual({
      target: 'lambda',
    });
  });
});
