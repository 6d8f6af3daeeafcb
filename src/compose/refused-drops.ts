import type { Registry } from '#ports/registry.ts';
import type { RefusedDrop } from './slipway.ts';

// A page of the registry's; whoever wants older ones reads the events.
const LOOKED_AT = 200;
const MOST = 5;

/** Drops that were refused or ignored as they came, by whose name there is no model: the newest of each name, newest first, at most five, from the newest 200 events. */
export async function refusedDrops(
  registry: Pick<Registry, 'models' | 'newestEvents'>,
): Promise<readonly RefusedDrop[]> {
  const [models, events] = await Promise.all([registry.models(), registry.newestEvents(LOOKED_AT)]);
  const known = new Set(models.map(({ name }) => name));
  const drops: RefusedDrop[] = [];
  for (const { detail } of events) {
    const { model: name, state, reason, fix, time } = detail;
    if ((state !== 'Rejected' && state !== 'Ignored') || known.has(name)) continue;
    known.add(name);
    drops.push({ name, state, reason, fix, time });
  }
  return drops.slice(0, MOST);
}
