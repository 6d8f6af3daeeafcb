import {
  type FunctionConfiguration,
  GetFunctionCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };

/** The condition of a function or one of its versions; a reason is a clause. */
export type FunctionCondition =
  | { readonly kind: 'active' | 'inactive' }
  | { readonly kind: 'pending'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export type FunctionState = {
  /** The revision it holds, or empty. */
  readonly revision: string;
  readonly arn: string;
  readonly deploymentId: string;
  /** The image that its environment was made for, and the image it has. */
  readonly wantedDigest: string;
  readonly imageUri: string;
  readonly codeSha256: string;
  readonly revisionId: string;
  readonly condition: FunctionCondition;
};

const REASONS: Readonly<Record<string, string>> = limits.stateReasons;

/**
 * Reads a function's $LATEST, or one of its versions; undefined when it does not exist.
 * GetFunction allows 100 requests a second; all other control calls share 15.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
 */
export async function readFunction(
  lambda: LambdaClient,
  functionName: string,
  version?: string,
): Promise<FunctionState | undefined> {
  const command = new GetFunctionCommand({
    FunctionName: functionName,
    ...(version === undefined ? {} : { Qualifier: version }),
  });
  const output = await translated(() => lambda.send(command).catch(absentIfNotFound));
  if (!output?.Configuration) return undefined;
  const { Configuration, Code } = output;
  const variables = Configuration.Environment?.Variables ?? {};
  return {
    revision: Configuration.Description ?? '',
    arn: Configuration.FunctionArn ?? '',
    deploymentId: variables['SLIPWAY_DEPLOYMENT'] ?? '',
    wantedDigest: variables['SLIPWAY_IMAGE'] ?? '',
    imageUri: Code?.ImageUri ?? '',
    codeSha256: Configuration.CodeSha256 ?? '',
    revisionId: Configuration.RevisionId ?? '',
    condition: conditionOf(Configuration),
  };
}

/** Whether a function runs the image that its environment was made for. */
export function hasItsImage({ imageUri, wantedDigest }: FunctionState): boolean {
  return imageUri.endsWith(`@${wantedDigest}`);
}

function conditionOf(found: FunctionConfiguration): FunctionCondition {
  if (found.State === 'Failed') {
    return { kind: 'failed', reason: explain(found.StateReasonCode, found.StateReason) };
  }
  if (found.LastUpdateStatus === 'Failed') {
    const { LastUpdateStatusReasonCode, LastUpdateStatusReason } = found;
    return { kind: 'failed', reason: explain(LastUpdateStatusReasonCode, LastUpdateStatusReason) };
  }
  if (found.LastUpdateStatus === 'InProgress') {
    return { kind: 'pending', reason: 'Lambda is taking its image' };
  }
  if (found.State === 'Active') return { kind: 'active' };
  if (found.State === 'Inactive') return { kind: 'inactive' };
  return { kind: 'pending', reason: `Lambda says that it is ${found.State}` };
}

function explain(code = 'Unknown', text = 'Lambda gives no reason'): string {
  return `${REASONS[code] ?? 'Lambda cannot run it'} (${code}: ${text})`;
}
