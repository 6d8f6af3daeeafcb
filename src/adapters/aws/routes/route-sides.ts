import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import type { RouteRecords } from '#adapters/aws/api/route-records.ts';
import type { RouteSide } from '#adapters/aws/api/route-side.ts';
import type { ContainerFront } from '#adapters/aws/ecs/container-front.ts';
import { containerRoutes } from '#adapters/aws/ecs/container-routes.ts';
import { listenerRule } from '#adapters/aws/ecs/listener-rule.ts';
import {
  type FunctionRoutesOptions,
  functionRoutes,
} from '#adapters/aws/lambda/function-routes.ts';
import type { FunctionKind } from '#adapters/aws/lambda/model-function.ts';
import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { MECHANISMS, type Mechanism } from '#domain/placement/target.ts';
import type { Clock } from '#ports/clock.ts';

export type RouteSides = Readonly<Record<Mechanism, RouteSide>>;

export type RouteSidesOptions = {
  readonly lambda: LambdaClient;
  readonly records: RouteRecords;
  readonly clock: Clock;
  readonly api: ModelApi;
  /** The prefix of a model function's name, before the model. */
  readonly functionPrefix: string;
  /** Null when models only run on Lambda. */
  readonly containers: {
    readonly elb: ElasticLoadBalancingV2Client;
    readonly front: ContainerFront;
  } | null;
};

export function routeSides(
  options: RouteSidesOptions,
  isPointedAt: FunctionRoutesOptions['isPointedAt'],
): RouteSides {
  const { records, clock, api, containers } = options;
  const functions = (kind: FunctionKind) => functionRoutes({ ...options, kind, isPointedAt });
  return {
    function: functions('function'),
    'streaming-function': functions('streaming-function'),
    container: containers
      ? containerRoutes({
          ...containers,
          records,
          clock,
          rule: listenerRule({ ...containers, apiStage: api.stage }),
        })
      : NO_CONTAINERS,
  };
}

/** The container side of a stack without containers. */
const NO_CONTAINERS: RouteSide = {
  known: async () => new Set(),
  shares: async () => ({}),
  set: async (model) => {
    throw new Failure('SharesRefused', `${model} is in containers, which this stack does not have`);
  },
  stray: async () => undefined,
  counters: async () => [],
  remove: async () => {},
};

/** The one mechanism by which all of these revisions share traffic. */
export async function mechanismFor(
  sides: RouteSides,
  model: string,
  desired: Shares,
): Promise<Mechanism> {
  const found: { readonly revision: string; readonly mechanism: Mechanism }[] = [];
  let others = Object.keys(desired);
  for (const mechanism of MECHANISMS) {
    if (others.length === 0) break;
    const known = await sides[mechanism].known(model, others);
    found.push(...[...known].map((revision) => ({ revision, mechanism })));
    others = others.filter((revision) => !known.has(revision));
  }
  const [lost] = others;
  if (lost !== undefined) {
    const reason = `${lost} has neither a published version nor a target group to send requests to`;
    throw new Failure('SharesRefused', reason);
  }
  const [one, ...rest] = found;
  const other = rest.find(({ mechanism }) => mechanism !== one?.mechanism);
  if (one && !other) return one.mechanism;
  const [here, there] = [one, other].map(
    (each) => each && `${each.revision} ${WHERE[each.mechanism]}`,
  );
  throw new Failure(
    'SharesRefused',
    `${here} and ${there} cannot share the traffic of ${model}; one has all of it`,
  );
}

const WHERE = {
  function: 'on Lambda',
  'streaming-function': 'on Lambda (streaming)',
  container: 'in containers',
} as const satisfies Record<Mechanism, string>;
