import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import type { Integration } from '#adapters/aws/api/route-records.ts';
import type { RouteSide } from '#adapters/aws/api/route-side.ts';
import { sharesChanged } from '#adapters/aws/api/shares-changed.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { Shares } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { isSameShares } from '#domain/rollout/shares.ts';
import type { Clock } from '#ports/clock.ts';
import { type InvocationTarget, invokeModel } from './invoke-model.ts';
import { type Held, type LiveAlias, liveAlias } from './live-alias.ts';
import { ALIASES, type FunctionKind } from './model-function.ts';
import { knownVersions } from './model-versions.ts';
import { allowRoute, forbidRoute } from './route-permission.ts';

export type FunctionRoutesOptions = {
  readonly kind: FunctionKind;
  readonly lambda: LambdaClient;
  readonly clock: Clock;
  readonly api: ModelApi;
  /** The prefix of a model function's name, before the model. */
  readonly functionPrefix: string;
  /** Whether the API's stage sends the model's requests there. */
  readonly isPointedAt: (model: string, to: Integration) => Promise<boolean>;
};

/** How many consecutive requests must be answered by revisions with a share. */
const LOOKS = 5;
const LOOK_TIMEOUT_MS = 5_000;

// AWS does not document how long an alias change takes to reach every invocation; when the version that the alias had left was deleted at once, requests were answered `Function not found`: DataBiosphere/azul#7883.
// As a precaution, this waits as long as the workflow's shortest wait, so that the looks that follow see an alias that has had time to propagate.
const SETTLE_MS = 1_000;

/** Shares are the weights of the model function's alias for versions of one kind. */
export function functionRoutes(options: FunctionRoutesOptions): RouteSide {
  const { kind, lambda, clock, api, functionPrefix, isPointedAt } = options;
  const qualifier = ALIASES[kind];
  const aliasOf = (model: string) => liveAlias({ lambda, clock }, functionPrefix + model, kind);
  const versions = knownVersions(lambda);
  const listOf = (model: string) => () => versions.list(functionPrefix + model);

  return {
    async known(model, revisions) {
      const { kinds } = await versions.having(functionPrefix + model, revisions);
      return new Set(revisions.filter((revision) => kinds.get(revision) === kind));
    },

    async shares(model) {
      return (await aliasOf(model).read(listOf(model)))?.shares ?? {};
    },

    async set(model, desired, expected, change) {
      const numbersOf = async () =>
        (await versions.having(functionPrefix + model, Object.keys(desired))).numbers;
      const shareChange = { model, desired, expected, change, numbersOf };
      const written = await write(aliasOf(model), listOf(model), shareChange);
      const { aliasArn, isChanged } = written;
      const integration: Integration = { kind, aliasArn };
      // The route must be permitted before it is pointed here.
      if (isChanged || !(await isPointedAt(model, integration))) {
        await change(() => allowRoute(lambda, { model, aliasArn, apiId: api.id }));
      }
      return integration;
    },

    async stray(model, shares) {
      const functionName = functionPrefix + model;
      const held = await aliasOf(model).read(listOf(model));
      const openMs = (held?.changedAtMs ?? 0) + SETTLE_MS - clock.now();
      if (openMs > 0) return `the alias of ${model} is known everywhere in ${openMs} ms`;
      const target = { functionName, qualifier, stage: api.stage };
      const revisionOf = async (number: string) =>
        revisionIn(held?.numbers, number) ?? (await versions.revision(functionName, number));
      return stray(lambda, target, { model, shares, revisionOf });
    },

    async counters(model) {
      const FunctionName = functionPrefix + model;
      const dimensions = { FunctionName, Resource: `${FunctionName}:${qualifier}` };
      return [{ namespace: 'AWS/Lambda', name: 'Invocations', dimensions }];
    },

    async remove(model, change) {
      await change(() => forbidRoute(lambda, functionPrefix + model, qualifier));
      await change(() => aliasOf(model).remove());
    },
  };
}

type ShareChange = {
  readonly model: string;
  readonly desired: Shares;
  readonly expected: Shares;
  readonly change: Change;
  numbersOf(): Promise<ReadonlyMap<string, string>>;
};

type Written = { readonly aliasArn: string; readonly isChanged: boolean };

/** Succeeds if a concurrent change, such as one of ours whose response was lost, had the same result. */
async function write(
  alias: LiveAlias,
  list: Parameters<LiveAlias['read']>[0],
  { model, desired, expected, change, numbersOf }: ShareChange,
): Promise<Written> {
  const held = await alias.read(list);
  if (held && isSameShares(held.shares, desired)) return { aliasArn: held.arn, isChanged: false };
  const shares = held?.shares ?? {};
  if (!isSameShares(shares, expected)) throw sharesChanged(model, shares, expected);
  const numbers = await numbersOf();
  await change(() => alias.write(desired, numbers, held)).catch((error: unknown) => {
    if (failureName(error) !== 'SharesChanged') throw error;
  });
  const now = await alias.read(list);
  if (now && isSameShares(now.shares, desired)) return { aliasArn: now.arn, isChanged: true };
  throw sharesChanged(model, now?.shares ?? {}, desired);
}

function revisionIn(numbers: Held['numbers'] = new Map(), number: string): string | undefined {
  return [...numbers].find(([, each]) => each === number)?.[0];
}

type ExpectedRoute = {
  readonly model: string;
  readonly shares: Shares;
  revisionOf(number: string): Promise<string | undefined>;
};

async function stray(
  lambda: LambdaClient,
  target: InvocationTarget,
  { model, shares, revisionOf }: ExpectedRoute,
): Promise<string | undefined> {
  const request = { model, method: 'GET', path: '/ping' } as const;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const seen = await invokeModel(lambda, target, request, LOOK_TIMEOUT_MS);
    if (seen.kind === 'absent') return `the alias of ${model} is not there yet`;
    if (seen.kind !== 'response' && seen.kind !== 'error') return seen.reason;
    const revision = (await revisionOf(seen.version)) ?? `version ${seen.version}`;
    if (!Object.hasOwn(shares, revision)) return `${revision} still answers`;
  }
  return undefined;
}
