import type { Comparison } from '#domain/comparison/comparison.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { modelStatus } from '#operations/models/model-status.ts';
import { memoryRegistry } from '../../support/memory/registry.ts';
import {
  goneLive,
  holding,
  idOf,
  type RegistryWorld,
  registryWorld,
  walkTo,
} from '../../support/worlds/registry.ts';

const SEEN = {
  endpoint: 'http://127.0.0.1/models/shapes',
  nowMs: 0,
  alerts: [],
  isSpent: false,
  prices: SHIPPED_PRICES,
};

async function compared(decision: Comparison['decision']): Promise<RegistryWorld> {
  const world = registryWorld(memoryRegistry);
  const live = await goneLive(world, 1);
  await world.registry.releaseLease(live);
  const holder = await holding(world, 2);
  await walkTo(world, holder, 'Ready');
  const comparison = { verdict: 'changed', decision } as Comparison;
  await world.registry.advance(holder, 'Compared', { comparison }, {});
  return world;
}

async function phaseOf({ registry }: RegistryWorld): Promise<string | undefined> {
  const { newest } = await modelStatus(registry, (await registry.model('shapes'))!, SEEN);
  return newest?.phase;
}

describe('the cost of a model in this month', () => {
  const NOW = Date.UTC(2026, 11, 5);
  const sum = { month: '2026-12', usd: 3, untilMs: NOW, peak: 1, isOver: false, most: null };

  it('is in its status, with the cap and why it is not metered, until the month ends', async () => {
    const world = registryWorld(memoryRegistry);
    await goneLive(world, 1);
    const { live } = (await world.registry.model('shapes'))!;
    const statusAt = async (nowMs: number) =>
      modelStatus(world.registry, (await world.registry.model('shapes'))!, { ...SEEN, nowMs });

    expect((await statusAt(NOW)).spent).toBeNull();
    await world.registry.noteSpent(live!, sum, null);
    expect((await statusAt(NOW)).spent).toEqual({
      ...{ month: '2026-12', usd: 3, untilMs: NOW, isSpent: false },
      ...{ maxMonthlyUsd: null, most: null, unmetered: null },
    });
    await world.registry.noteSpent(live!, { ...sum, maxMonthlyUsd: 9, unmetered: 'no' }, null);
    expect((await statusAt(NOW)).spent).toMatchObject({ maxMonthlyUsd: 9, unmetered: 'no' });
    expect((await statusAt(Date.UTC(2027, 0, 1))).spent).toBeNull();
  });
});

describe('the status of a version that was compared', () => {
  it('says that it awaits an approval while the gate asks a person, and no longer once one has answered', async () => {
    const world = await compared('asked');

    expect(await phaseOf(world)).toBe('AwaitingApproval');
    const answer = { verdict: 'approved', digest: 'shapes-v2', by: 'ada' } as const;
    await world.registry.answerApproval(idOf(2), answer);
    expect(await phaseOf(world)).toBe('Compared');
  });

  it('says so of no version that the gate lets pass', async () => {
    expect(await phaseOf(await compared('passed'))).toBe('Compared');
  });
});
