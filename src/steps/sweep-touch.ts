import type { ModelVersion } from '#domain/deployment.ts';
import { mechanismOf } from '#domain/target.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { each } from './sweep-each.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
};

const TIMEOUT_MS = 29_000;

/**
 * Sends one request to what AWS puts to sleep when nobody calls it for weeks: each kept version of a function, and the way to the load balancer. What is answered does not matter.
 * https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html
 */
export const touchKept =
  ({ registry, router, prober }: Deps) =>
  async (): Promise<readonly string[]> => {
    const kept = await keptVersions(registry);
    const addresses = kept.flatMap((version) => addressOf(router, version));
    const { done, failures } = await each(
      async () => [...new Set(addresses)],
      async (address) => {
        await prober.ready(address, TIMEOUT_MS);
        return address;
      },
    );
    if (failures.length > 0) throw failures[0];
    return done;
  };

type Kept = ModelVersion & { readonly isLive: boolean };

async function keptVersions(registry: Registry): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for (const { name, live } of await registry.models()) {
    const versions = await registry.versions(name);
    const own = versions.filter(({ state }) => state !== 'Removed');
    kept.push(...own.map((it) => ({ ...it, isLive: it.version === live?.version })));
  }
  return kept;
}

/** Retired containers do not run, so only the live one's endpoint is asked. */
function addressOf(router: Router, { isLive, ...version }: Kept): readonly string[] {
  if (mechanismOf(version.target) === 'function') return [router.testPath(version)];
  return isLive ? [router.route(version.model)] : [];
}
