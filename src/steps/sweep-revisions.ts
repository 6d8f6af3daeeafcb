import type { RevisionRef, Target } from '#domain/target.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { each, type Part } from './sweep-each.ts';
import { isBusy, unlessOvertaken } from './sweep-models.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
  readonly clock: Clock;
  /** The targets that there are. */
  readonly offered: readonly Target[];
};

type Found = RevisionRef & { readonly model: string };

// Longer than the longest step, which is cut short after 5 min, and shorter than the time between two sweeps on AWS.
const SIGHTED_FOR_MS = 10 * 60_000;

/**
 * Takes away the revisions that nothing refers to, once they were seen twice, far enough apart; answers their names.
 * Left alone is what has traffic, what is of a model that the registry does not know, and all of a model with a deployment under way.
 */
export async function removeUnreferenced(deps: Deps): Promise<Part> {
  const { registry, clock } = deps;
  const found: Found[] = [];
  const looks = await each(
    async () => deps.offered,
    async (target) => {
      const revisions = await deps.platforms[target].revisions();
      found.push(...revisions.map((revision) => ({ ...revision, target })));
      return undefined;
    },
  );
  const due = async () => {
    const left = await unreferenced(registry, found);
    const sighted = await registry.sighted(left.map(nameOf));
    const firstSeenMs = (it: Found) => sighted.get(nameOf(it)) ?? clock.now();
    return left.filter((it) => firstSeenMs(it) < clock.now() - SIGHTED_FOR_MS);
  };
  const removed = await each(due, (it) => remove(deps, it));
  return { done: removed.done, failures: [...looks.failures, ...removed.failures] };
}

/** Of models that are known and have no deployment under way, whose intents would refer to what it makes. */
async function unreferenced(
  registry: Registry,
  found: readonly Found[],
): Promise<readonly Found[]> {
  const open = await registry.unended();
  const idle = (await registry.models()).filter((model) => !isBusy(open, model));
  const left: Found[] = [];
  for (const { name } of idle) {
    const own = found.filter(({ model }) => model === name);
    if (own.length === 0) continue;
    const kept = (await registry.versions(name)).filter(({ state }) => state !== 'Removed');
    left.push(...own.filter((it) => kept.every(({ revision }) => revision !== it.revision)));
  }
  return left;
}

async function remove(deps: Deps, found: Found): Promise<string | undefined> {
  const { registry, router, platforms } = deps;
  const { model, revision, target } = found;
  // Before the last look: what a deployment does after it is under a higher epoch.
  const lease = await registry.lease(model);
  const hasTraffic = Object.hasOwn(await router.shares(model), revision);
  const [left] = await unreferenced(registry, [found]);
  if (!lease || !left || hasTraffic) return undefined;
  return unlessOvertaken(async () => {
    await platforms[target].remove(revision, lease.epoch);
    return revision;
  });
}

function nameOf({ target, revision }: Found): string {
  return `${target}/${revision}`;
}
