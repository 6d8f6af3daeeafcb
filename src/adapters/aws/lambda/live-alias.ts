import {
  type AliasConfiguration,
  CreateAliasCommand,
  DeleteAliasCommand,
  GetAliasCommand,
  type LambdaClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { Shares } from '#domain/deployment.ts';
import { Failure, type FailureName } from '#domain/failure.ts';
import { parseJson } from '#domain/parse-json.ts';
import { withoutZeros } from '#domain/rollout/shares.ts';
import type { Clock } from '#ports/clock.ts';
import { ALIASES, type FunctionKind } from './model-function.ts';
import type { ModelVersions } from './model-versions.ts';

/** The content of the alias that clients use; `arn` is the alias's own. `changedAtMs` is when we last changed it, 0 when somebody else did. */
export type Held = {
  readonly shares: Shares;
  readonly changedAtMs: number;
  readonly arn: string;
  readonly revisionId: string;
  /** The numbers of the versions that have shares, by revision. */
  readonly numbers: ReadonlyMap<string, string>;
};

/** Asked only about an alias that does not tell its versions itself. */
type List = () => Promise<ModelVersions>;

/** The shares of one model's revisions of one kind, as held by its function's alias for them. */
export type LiveAlias = {
  /** Undefined when there is no alias. */
  read(list: List): Promise<Held | undefined>;
  /** Fails with `SharesChanged` when the alias differs from `seen` (undefined: none), `SharesRefused` when an alias cannot hold the shares. */
  write(shares: Shares, numbers: Held['numbers'], seen: Held | undefined): Promise<void>;
  /** Idempotent. */
  remove(): Promise<void>;
};

const FAILURES: Readonly<Record<string, FailureName>> = {
  PreconditionFailedException: 'SharesChanged',
  // CreateAlias: somebody else created it first.
  ResourceConflictException: 'SharesChanged',
};

/** The shares, the numbers of their versions and the time of their change are kept in the alias's description: both change with the alias in one call, so they cannot differ. */
export function liveAlias(
  { lambda, clock }: { readonly lambda: LambdaClient; readonly clock: Clock },
  FunctionName: string,
  kind: FunctionKind,
): LiveAlias {
  const alias = { FunctionName, Name: ALIASES[kind] };

  return {
    async read(list) {
      const found = await translated(() =>
        lambda.send(new GetAliasCommand(alias)).catch(absentIfNotFound),
      );
      if (!found) return undefined;
      const { AliasArn = '', RevisionId = '' } = found;
      return { ...(await recordOf(found, list)), arn: AliasArn, revisionId: RevisionId };
    },

    async write(shares, numbers, seen) {
      const { primary, weights } = routing(shares, numbers);
      const input = {
        ...alias,
        FunctionVersion: primary,
        RoutingConfig: { AdditionalVersionWeights: weights },
        Description: JSON.stringify(written(shares, numbers, clock.now())),
      };
      await translated(async () => {
        if (!seen) return lambda.send(new CreateAliasCommand(input));
        return lambda.send(new UpdateAliasCommand({ ...input, RevisionId: seen.revisionId }));
      }, FAILURES);
    },

    async remove() {
      await translated(() => lambda.send(new DeleteAliasCommand(alias)).catch(absentIfNotFound));
    },
  };
}

type Routing = { readonly primary: string; readonly weights: Record<string, number> };

/** An alias has a version, and at most one additional version with a weight. The greater share is the primary's. */
function routing(shares: Shares, numbers: Held['numbers']): Routing {
  const parts = Object.entries(shares).sort(([, a], [, b]) => b - a);
  if (parts.length > limits.aliasVersionsMax) {
    throw new Failure(
      'SharesRefused',
      `${parts.length} revisions have shares; an alias takes ${limits.aliasVersionsMax}`,
    );
  }
  const sum = parts.reduce((total, [, weight]) => total + weight, 0);
  const [primary = '', ...others] = parts.map(([revision]) => numberOf(revision, numbers));
  const weights = others.map((number, index) => [number, (parts[index + 1]?.[1] ?? 0) / sum]);
  return { primary, weights: Object.fromEntries(weights) };
}

function numberOf(revision: string, numbers: ReadonlyMap<string, string>): string {
  const number = numbers.get(revision);
  if (number) return number;
  throw new Failure('SharesRefused', `${revision} has no published version to send requests to`);
}

const descriptionSchema = z.object({
  shares: z.record(z.string(), z.number()),
  changedAtMs: z.number(),
  /** The versions of the shares, in their order; aliases written before there were any have none. */
  numbers: z.optional(z.array(z.string())),
});

type AliasRecord = Pick<Held, 'shares' | 'changedAtMs' | 'numbers'>;

function written(shares: Shares, numbers: Held['numbers'], changedAtMs: number) {
  const ofShares = Object.keys(shares).map((revision) => numberOf(revision, numbers));
  return { shares, changedAtMs, numbers: ofShares } satisfies z.infer<typeof descriptionSchema>;
}

/** The shares as written while the alias routes by them; else the alias's own weights, in hundredths. */
async function recordOf(found: AliasConfiguration, list: List): Promise<AliasRecord> {
  const { data } = descriptionSchema.safeParse(parseJson(found.Description ?? ''));
  if (data?.numbers) {
    const { shares, changedAtMs } = data;
    const numbers = new Map(Object.keys(shares).map((key, at) => [key, data.numbers?.[at] ?? '']));
    // The alias cannot name a version of another revision: Lambda deletes none that an alias routes to.
    if (isRoutedBy(found, shares, numbers)) return { shares, changedAtMs, numbers };
  }
  const versions = await list();
  const { numbers } = versions;
  if (data && isRoutedBy(found, data.shares, numbers)) return { ...data, numbers };
  return { shares: routedShares(found, versions), changedAtMs: 0, numbers };
}

function routedShares(found: AliasConfiguration, versions: ModelVersions): Shares {
  const second = Object.entries(found.RoutingConfig?.AdditionalVersionWeights ?? {});
  const hundredths = second.map(([number, part]) => [number, Math.round(part * 100)] as const);
  const primary = 100 - hundredths.reduce((total, [, part]) => total + part, 0);
  const parts = [[found.FunctionVersion ?? '', primary] as const, ...hundredths];
  return withoutZeros(
    Object.fromEntries(parts.map(([number, part]) => [versions.revision(number) ?? number, part])),
  );
}

// Lambda does not document its precision of weights; weights in thousandths differ by more than this.
const TOLERANCE = 0.0004;

function isRoutedBy(found: AliasConfiguration, shares: Shares, numbers: Held['numbers']): boolean {
  const parts = Object.keys(shares);
  if (parts.length === 0 || parts.some((revision) => !numbers.get(revision))) return false;
  const { primary, weights } = routing(shares, numbers);
  const held = found.RoutingConfig?.AdditionalVersionWeights ?? {};
  const weighted = new Set([...Object.keys(weights), ...Object.keys(held)]);
  const differ = [...weighted].some(
    (number) => Math.abs((weights[number] ?? 0) - (held[number] ?? 0)) > TOLERANCE,
  );
  return found.FunctionVersion === primary && !differ;
}
