import { isTerminal, type Phase } from '#domain/phase.ts';
import { type MemoryWorld, MODEL } from './memory.ts';

type Told = Awaited<ReturnType<MemoryWorld['told']>>;

/**
 * The violations in a world in which nothing runs any more; empty when there are none.
 * Live pointer, shares and clients' answers agree; the live version runs; only versions that went live exist; each deployment has ended, with one terminal event.
 */
export async function complaints(world: MemoryWorld): Promise<readonly string[]> {
  const { registry, router } = world;
  const live = (await registry.model(MODEL))?.live?.revision;
  const due = JSON.stringify(live === undefined ? {} : { [live]: 100 });
  const shares = JSON.stringify(await router.shares(MODEL));
  const served = JSON.stringify(router.dataPlane(MODEL));
  const kept = (await registry.versions(MODEL))
    .filter(({ state }) => state !== 'Removed')
    .map(({ revision }) => revision);
  const existing = world.existing();
  const open = (await registry.unended()).map(({ id, phase }) => `${id} is still ${phase}`);

  return [
    ...(shares === due ? [] : [`${live} is live, but the shares are ${shares}`]),
    ...(served === due ? [] : [`${live} is live, but clients get ${served}`]),
    ...existing.filter((it) => !kept.includes(it)).map((it) => `${it} is left over`),
    ...kept.filter((it) => !existing.includes(it)).map((it) => `${it} is gone`),
    ...(live === undefined || world.running().includes(live) ? [] : [`${live} does not run`]),
    ...open,
    ...eventComplaints(await world.told()),
  ];
}

/** The states in which each deployment has ended, oldest first. */
export function endings(told: Told): readonly string[] {
  return told.map(({ state }) => state).filter(isEnd);
}

function eventComplaints(told: Told): readonly string[] {
  const ids = [...new Set(told.map(({ deploymentId }) => deploymentId))];
  return ids.flatMap((id) => {
    const own = told.filter(({ deploymentId }) => deploymentId === id);
    const ends = endings(own);
    const inOrder = own.every(({ sequence }, index) => sequence === index + 1);
    return [
      ...(ends.length === 1 ? [] : [`${id} has ended as ${ends.join(' and ') || 'nothing'}`]),
      ...(inOrder ? [] : [`the events of ${id} are not counted in order`]),
      ...(own[0]?.state === 'Admitted' || own.length === 1 ? [] : [`${id} was not Admitted first`]),
    ];
  });
}

function isEnd(state: string): boolean {
  return !['Retired', 'Removed'].includes(state) && isTerminal(state as Phase);
}
