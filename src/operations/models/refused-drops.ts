import type { RefusedDrop } from '#control/models.ts';
import type { Failure } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';

// One page of the registry; older drops are in the events.
const LOOKED_AT = 200;
const MOST = 5;

/** Drops that became no version, and so have no event. */
type Untaken = { readonly key: string; readonly failure: Failure; readonly sinceMs: number };

/** Drops that were refused or ignored on arrival, without a model of their name and with an object still in the bucket (`isThere`), and those that are `untaken`: the newest of each name, newest first, at most five, from the newest 200 events. */
export async function refusedDrops(
  registry: Pick<Registry, 'models' | 'newestEvents'>,
  untaken: readonly Untaken[],
  isThere: (name: string) => Promise<boolean>,
): Promise<readonly RefusedDrop[]> {
  const [models, events] = await Promise.all([registry.models(), registry.newestEvents(LOOKED_AT)]);
  const known = new Set(models.map(({ name }) => name));
  const drops: RefusedDrop[] = [];
  for (const { detail } of events) {
    const { model: name, state, reason, fix, time } = detail;
    if ((state !== 'Rejected' && state !== 'Ignored') || known.has(name)) continue;
    known.add(name);
    if (await isThere(name)) drops.push({ name, state, reason, fix, time });
  }
  return [...drops, ...untaken.map(asDrop)]
    .toSorted((a, b) => b.time.localeCompare(a.time))
    .slice(0, MOST);
}

function asDrop({ key, failure, sinceMs }: Untaken): RefusedDrop {
  // The folder of its model, if it lies in one.
  const [, name = key] = key.split('/');
  const { message: reason, fix } = failure;
  return { name, state: 'Rejected', reason, fix, time: new Date(sinceMs).toISOString() };
}
