import fc from 'fast-check';
import { failureName } from '#domain/failure.ts';
import { NEXT_PHASES } from '#domain/phase.ts';
import type { Holder } from '#ports/registry.ts';
import {
  candidateOf,
  idOf,
  leaseFor,
  type OpenWorld,
  type RegistryWorld,
  refusal,
  upload,
} from '../support/registry-world.ts';
import { checkRecord } from './registry-record.ts';

// One model and few uploads, so that they meet; a holder is counted back from the last, so that most writes are by it.
const n = fc.integer({ min: 1, max: 4 });
const back = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 }));
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('admit'), n } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse'), n } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt'), n } as const) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('acquire'), n, over: fc.nat(3) } as const) },
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('advance'), back, choice: fc.nat(9) } as const),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit'), back } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mark'), back, version: n } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release'), back } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle'), n } as const) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

export function describeInvariants(open: OpenWorld): void {
  describe('whatever is asked of it, in whatever order', () => {
    it('keeps one holder, one ending and one truth', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 15, maxLength: 50 }), async (commands) => {
          const world = open();
          const story: Story = { granted: [], holding: undefined, versions: new Map() };
          for (const each of commands) {
            await tell(world, story, each);
            await checkRecord(world.registry, story.versions);
          }
        }),
        { numRuns: 30 },
      );
    });
  });
}

type Story = {
  readonly granted: (Holder & { readonly execution: string })[];
  holding: Holder | undefined;
  readonly versions: Map<string, number | null>;
};

/** Gives one command and checks its answer against who may write. */
async function tell(world: RegistryWorld, story: Story, wanted: Command): Promise<void> {
  world.clock.advance(1000);
  try {
    await give(world, story, wanted);
  } catch (error) {
    expect(['LeaseLost', 'PhaseConflict', 'InputInvalid']).toContain(failureName(error) ?? error);
  }
}

async function give(world: RegistryWorld, story: Story, wanted: Command): Promise<unknown> {
  const { registry } = world;
  switch (wanted.do) {
    case 'admit':
      return registry.admit(upload(wanted.n));
    case 'refuse':
      return registry.refuse(refusal(wanted.n, 'Ignored'));
    case 'adopt': {
      const from = (await registry.deployment(idOf(wanted.n)))?.execution ?? '';
      return registry.adopt(idOf(wanted.n), from, `${from}+`);
    }
    case 'acquire':
      return acquire(world, story, wanted.n, wanted.over);
    case 'settle':
      await registry.settle({ deploymentId: idOf(wanted.n), reason: 'stopped', degraded: false });
      if (story.holding?.deploymentId === idOf(wanted.n)) story.holding = undefined;
      return undefined;
    default:
      return writeAsHolder(world, story, wanted);
  }
}

async function acquire({ registry }: RegistryWorld, story: Story, upload: number, over: number) {
  const deploymentId = idOf(upload);
  const execution = (await registry.deployment(deploymentId))?.execution ?? '';
  const lease = await registry.acquireLease(leaseFor(upload, { execution, over: over || null }));
  if (lease.kind === 'superseded' && story.holding?.deploymentId === deploymentId) {
    story.holding = undefined;
  }
  if (lease.kind === 'held') expect(story.holding).toMatchObject({ epoch: lease.epoch });
  if (lease.kind !== 'acquired') return;

  const before = story.granted.find(({ epoch }) => epoch === lease.epoch);
  expect(before ?? { deploymentId, execution }).toMatchObject({ deploymentId, execution });
  expect(lease.epoch).toBeGreaterThanOrEqual(story.granted.at(-1)?.epoch ?? 0);
  story.holding = { deploymentId, epoch: lease.epoch };
  if (!before) story.granted.push({ ...story.holding, execution });
}

type HolderCommand = Extract<Command, { readonly back: number }>;

async function writeAsHolder({ registry }: RegistryWorld, story: Story, wanted: HolderCommand) {
  const holder = story.granted.at(-1 - wanted.back);
  if (!holder) return;
  const isHolder =
    story.holding?.epoch === holder.epoch && story.holding.deploymentId === holder.deploymentId;
  const { phase, ...deployment } = (await registry.deployment(holder.deploymentId))!;

  switch (wanted.do) {
    case 'release':
      await registry.releaseLease(holder);
      if (isHolder) story.holding = undefined;
      return;
    case 'mark':
      await registry.markVersion(holder, wanted.version, 'Retired');
      break;
    case 'commit': {
      const live = (await registry.model('shapes'))?.live;
      await registry.commit(holder, live?.revision ?? null, {});
      break;
    }
    case 'advance': {
      const next = NEXT_PHASES[phase].filter((to) => to !== 'Live' && to !== 'Superseded');
      const to = next[wanted.choice] ?? next[0] ?? 'Failed';
      const candidate = candidateOf({ ...deployment, phase });
      await registry.advance(holder, to, { candidate }, {});
    }
  }
  expect(isHolder).toBe(true);
}
