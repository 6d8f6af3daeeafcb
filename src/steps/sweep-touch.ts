import type { ModelVersion } from '#domain/deployment.ts';
import { mechanismOf, type Target } from '#domain/placement/target.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { each } from './sweep-each.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  /** The targets that this installation offers. */
  readonly offered: readonly Target[];
};

const TIMEOUT_MS = 29_000;
const ANY_PATH = '/ping';

// Versions start at 1, so the load balancer itself answers for this one, which is enough.
const NOBODY = { revision: 'nobody-v0', target: 'fargate' } as const;

/**
 * Sends one request to everything that AWS puts to sleep after weeks without calls: each kept version of a function, and the VPC link to the load balancer. The answers do not matter.
 * https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html
 */
export const touchKept =
  ({ registry, router, prober, offered }: Deps) =>
  async (): Promise<readonly string[]> => {
    const kept = await keptFunctions(registry);
    const front = offered.some((target) => mechanismOf({ target }) === 'container') ? [NOBODY] : [];
    const { done, failures } = await each(
      async () => [...front, ...kept].map((each) => router.testPath(each)),
      async (address) => {
        await prober.ready(address, ANY_PATH, TIMEOUT_MS);
        return address;
      },
    );
    if (failures.length > 0) throw failures[0];
    return done;
  };

async function keptFunctions(registry: Registry): Promise<readonly ModelVersion[]> {
  const kept: ModelVersion[] = [];
  for (const { name } of await registry.models()) {
    const versions = await registry.versions(name);
    kept.push(
      ...versions.filter(
        (version) => version.state !== 'Removed' && mechanismOf(version) !== 'container',
      ),
    );
  }
  return kept;
}
