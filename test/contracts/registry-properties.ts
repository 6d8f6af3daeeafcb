import fc from 'fast-check';
import type { Deployment } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { mayMove, type Phase } from '#domain/phase.ts';
import type { Holder, Registry, Request } from '#ports/registry.ts';
import { fuzzRuns } from '../support/fuzz/runs.ts';
import {
  asking,
  candidateOf,
  idOf,
  leaseFor,
  type OpenWorld,
  type RegistryWorld,
  refusal,
  upload,
} from '../support/worlds/registry.ts';
import { checkRecord } from './registry-record.ts';

// One model and few uploads, so that they meet. A holder is counted back from the last one, so that most writes are by it.
const n = fc.integer({ min: 1, max: 6 });
const target = mostly('newest' as const, n);
const back = mostly(0, fc.constantFrom(1, 2));
const over = fc.option(n, { nil: null });
const steps = fc.integer({ min: 1, max: 9 });
// Far from the uploads' own numbers.
const FIRST_REQUEST = 1000;
const to = fc.constantFrom('Waiting', 'Ready', 'Rejected', 'Failed', 'RollingBack', 'RolledBack');
const version = fc.integer({ min: 1, max: 3 });
const state = fc.constantFrom('Retired', 'Removed');
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deploy'), steps } as const) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('admit'), n } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('rollback'), version, steps } as const),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undeploy') } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort'), n } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse'), n } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recover'), n: target } as const) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('acquire'), n: target, over } as const) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('walk'), back, steps } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move'), back, to } as const) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('mark'), back, version, state } as const),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release'), back } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle'), n } as const) },
);

function mostly<A, B>(usual: A, other: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;
type HolderCommand = Extract<Command, { readonly back: number }>;

const ABORTED = { name: 'Aborted', reason: 'somebody asked for it', fix: '' };

/** The last one granted is at the end of `granted`; `holding` is whose the lease must be now. */
type Story = {
  readonly granted: (Holder & { readonly execution: string })[];
  holding: Holder | undefined;
  requests: number;
  readonly versions: Map<string, number | null>;
};

/** `usual` is the number of random stories in a run that is not thorough. */
export function describeInvariants(open: OpenWorld, usual: number): void {
  describe('whatever is asked of it, in whatever order', () => {
    it('keeps one holder, one ending and one truth', async () => {
      const commands = fc.array(command, { minLength: 10, maxLength: 40, size: 'max' });
      await fc.assert(
        fc.asyncProperty(commands, async (asked) => {
          const world = open();
          const story: Story = {
            granted: [],
            holding: undefined,
            requests: 0,
            versions: new Map(),
          };
          for (const each of asked) {
            await tell(world, story, each);
            await checkRecord(world.registry, story.versions);
          }
        }),
        fuzzRuns(usual, 100),
      );
    });
  });
}

async function tell(world: RegistryWorld, story: Story, asked: Command): Promise<void> {
  world.clock.advance(1000);
  try {
    await give(world, story, asked);
  } catch (error) {
    expect(['LeaseLost', 'PhaseConflict', 'InputInvalid']).toContain(failureName(error) ?? error);
  }
}

async function give(world: RegistryWorld, story: Story, asked: Command): Promise<unknown> {
  const { registry } = world;
  switch (asked.do) {
    case 'deploy': {
      const newest = Number.parseInt((await find(world, 'newest')).id, 16) || 0;
      const { deployment } = await registry.admit(upload(newest + 1));
      await acquire(world, story, deployment, story.holding?.epoch ?? null);
      return writeAsHolder(world, story, { do: 'walk', back: 0, steps: asked.steps });
    }
    case 'rollback': {
      const { version, steps: count } = asked;
      await request(world, story, asking(FIRST_REQUEST + story.requests, { version }));
      return writeAsHolder(world, story, { do: 'walk', back: 0, steps: count });
    }
    case 'undeploy': {
      const wanted = { kind: 'undeploy', version: null } as const;
      return undeploy(
        registry,
        await request(world, story, asking(FIRST_REQUEST + story.requests, wanted)),
      );
    }
    case 'abort':
      return registry.requestAbort(idOf(asked.n), ABORTED);
    case 'admit':
      return registry.admit(upload(asked.n));
    case 'refuse':
      return registry.refuse(refusal(asked.n, 'Ignored'));
    case 'recover': {
      const { id, execution } = await find(world, asked.n);
      const adopted = await registry.adopt(id, execution, `${execution}+`);
      return acquire(world, story, adopted, null);
    }
    case 'acquire':
      return acquire(world, story, await find(world, asked.n), asked.over);
    case 'settle':
      await registry.settle({ deploymentId: idOf(asked.n), reason: 'stopped', degraded: false });
      if (story.holding?.deploymentId === idOf(asked.n)) story.holding = undefined;
      return undefined;
    default:
      return writeAsHolder(world, story, asked);
  }
}

/** Makes the request, and takes its lease from the current holder. */
async function request(world: RegistryWorld, story: Story, wanted: Request): Promise<Holder> {
  story.requests += 1;
  const deployment = await world.registry.request(wanted);
  await acquire(world, story, deployment, story.holding?.epoch ?? null);
  return story.holding!;
}

async function undeploy(registry: Registry, holder: Holder): Promise<void> {
  await registry.advance(holder, 'Undeploying', {}, {});
  await registry.retract(holder);
  for (const { version: number } of await registry.versions('shapes')) {
    await registry.markVersion(holder, number, 'Removed');
  }
  await registry.advance(holder, 'Undeployed', {}, {});
}

async function find({ registry }: RegistryWorld, wanted: number | 'newest') {
  const newest = (await registry.model('shapes'))?.newestDeploymentId ?? '';
  const id = wanted === 'newest' ? newest : idOf(wanted);
  return (await registry.deployment(id)) ?? { id, execution: 'nobody' };
}

async function acquire(
  { registry }: RegistryWorld,
  story: Story,
  { id, execution }: Pick<Deployment, 'id' | 'execution'>,
  over: number | null,
): Promise<void> {
  const lease = await registry.acquireLease(leaseFor(0, { deploymentId: id, execution, over }));
  if (lease.kind === 'held') expect(story.holding).toMatchObject({ epoch: lease.epoch });
  if (lease.kind === 'superseded' && story.holding?.deploymentId === id) story.holding = undefined;
  if (lease.kind !== 'acquired') return;

  const last = story.granted.at(-1);
  const granted = { deploymentId: id, epoch: lease.epoch, execution };
  if (last?.epoch === lease.epoch) expect(granted).toEqual(last);
  else {
    expect(lease.epoch).toBe((last?.epoch ?? 0) + 1);
    if (story.holding && story.holding.deploymentId !== id) expect(last?.epoch).toBe(over);
    story.granted.push(granted);
  }
  story.holding = granted;
}

async function writeAsHolder(world: RegistryWorld, story: Story, asked: HolderCommand) {
  const { registry } = world;
  const holder = story.granted.at(-1 - asked.back);
  if (!holder) return;
  const isHolder = story.holding?.epoch === holder.epoch;

  switch (asked.do) {
    case 'release':
      await registry.releaseLease(holder);
      if (isHolder) story.holding = undefined;
      return;
    case 'mark':
      await registry.markVersion(holder, asked.version, asked.state);
      break;
    case 'move':
      await registry.advance(holder, asked.to, {}, {});
      break;
    case 'walk':
      for (let step = 0; step < asked.steps; step += 1) await stepOn(world, holder);
  }
  expect(isHolder).toBe(true);
}

const ONWARD = ['Inspected', 'Provisioning', 'Ready', 'Shifting', 'Baking', 'RolledBack'] as const;

/** Moves on to the next phase that is not a failure; from the bake to `Live`. */
async function stepOn({ registry }: RegistryWorld, holder: Holder): Promise<void> {
  const deployment = (await registry.deployment(holder.deploymentId))!;
  const next = ONWARD.find((phase: Phase) => mayMove(deployment.phase, phase));
  if (next && deployment.phase !== 'Baking') {
    const kept = (await registry.versions('shapes')).find(
      ({ version: number }) => number === deployment.version,
    );
    const candidate = candidateOf(deployment);
    const made = { ...candidate, madeBy: kept?.deploymentId ?? candidate.madeBy };
    await registry.advance(holder, next, { candidate: made }, {});
  } else {
    const previous = (await registry.model('shapes'))?.live?.revision ?? null;
    await registry.commit(holder, { version: deployment.version ?? 0, previous }, {});
  }
}
