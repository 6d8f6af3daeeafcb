import fc from 'fast-check';
import { befall, type Call, type Fault, faulty, NEVER } from '../support/faults/faults.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { complaints } from '../support/worlds/complaints.ts';
import { idOf, MODEL, type Start } from '../support/worlds/memory.ts';
import {
  callsOf,
  faultsAfter,
  SCENARIOS,
  type Scenario,
  slowWorld,
  UPGRADE,
} from '../support/worlds/scenarios.ts';
import type { VirtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const DEATHS = ['dead before', 'dead after'] as const;
const LEASE_MS = 900_000;

const upgrade = await callsOf(UPGRADE);

describe('an execution that died', () => {
  it('ends as ever, whatever befalls it and those that take it up', async () => {
    const faults = fc.array(
      fc.record({
        at: fc.integer({ min: 1, max: 130 }),
        fault: fc.constantFrom<Fault>('throttled', 'reply lost', ...DEATHS),
      }),
      { minLength: 2, maxLength: 6 },
    );

    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SCENARIOS), faults, async (scenario, list) => {
        const world = slowWorld();
        const event = await scenario.prepare(world);

        await runThrough(world, event, new Map(list.map(({ at, fault }) => [at, fault])));

        expect(await faultsAfter(world, scenario)).toEqual([]);
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  it('is not taken up while it runs', async () => {
    const world = slowWorld();
    const event = await UPGRADE.prepare(world);
    const another = recoveryOf(event);
    let repeated: Promise<unknown> | undefined;
    world.tap((_, call) => {
      if (world.states.at(-1) === 'CheckHealth') repeated ??= another.then(world.run);
      return call();
    });

    await world.run(event);
    await repeated;

    expect(await faultsAfter(world, UPGRADE)).toEqual([]);
    expect(world.states.filter((state) => state === 'AdmitDeployment')).toHaveLength(2);
    expect(world.states.filter((state) => state === 'AcquireLease')).toHaveLength(1);
  });

  it('loses its lease to a newer upload in time, and gives way when it is taken up', async () => {
    const problems: string[] = [];

    for (const call of upgrade) {
      const world = slowWorld();
      const event = await dieAt(world, UPGRADE, call, 'dead after');
      world.clock.advance(LEASE_MS + 1);
      const newer = world.upload();
      await world.run(newer);
      await world.run(await recoveryOf(event));

      const live = (await world.registry.model(MODEL))?.live?.deploymentId;
      const found = [...(await complaints(world)), ...world.outages];
      if (live !== (await idOf(newer))) found.push(`${live} is live`);
      problems.push(...found.map(named(call, 'dead after')));
    }

    expect(problems).toEqual([]);
  });

  it('keeps a newer upload waiting until its lease has run out', async () => {
    const world = slowWorld();
    await dieAt(world, UPGRADE, { method: 'router.setShares', nth: 1 }, 'dead after');
    const diedAtMs = world.clock.now();

    await world.run(world.upload());

    const newer = (await world.told()).filter(({ version }) => version === 3);
    expect(newer.map(({ state }) => state)).toEqual(expect.arrayContaining(['Waiting', 'Live']));
    const began = newer.find(({ state }) => state === 'Inspected')!.time;
    expect(Date.parse(began) - diedAtMs).toBeGreaterThan(LEASE_MS - 1);
  });
});

/** Runs the scenario to its death at a call. */
async function dieAt(
  world: VirtualWorkflow,
  { prepare }: Scenario,
  call: Pick<Call, 'method' | 'nth'>,
  death: Fault,
): Promise<Start> {
  const event = await prepare(world);
  world.tap(faulty(call, death, world.stop));
  const { error } = await world.execute(event);
  expect(error).toBe('States.Aborted');
  world.tap((_, made) => made());
  return event;
}

/** Executes an event, and again after each death, with a fault at each call whose number is in the list. */
async function runThrough(
  world: VirtualWorkflow,
  event: Start,
  faults: ReadonlyMap<number, Fault>,
): Promise<void> {
  let calls = 0;
  for (let input = event; ; input = await recoveryOf(event)) {
    let isDead = false;
    const die = () => {
      isDead = true;
      world.stop();
    };
    world.tap(async (_, call) => {
      if (isDead) return NEVER;
      calls += 1;
      const fault = faults.get(calls);
      return fault ? befall(fault, call, die) : call();
    });
    const end = await world.execute(input);
    if (isDead) continue;
    await world.settle(end);
    return;
  }
}

async function recoveryOf(event: Start): Promise<Start> {
  return 'detail' in event ? { ...event, recovery: { deploymentId: await idOf(event) } } : event;
}

function named({ method, nth }: Pick<Call, 'method' | 'nth'>, what: string) {
  return (problem: string) => `${what} at ${method} ${nth}: ${problem}`;
}
