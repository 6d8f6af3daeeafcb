import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  invocationEvent,
  type ModelRequest,
  type ModelResponse,
  readFunctionError,
  readResponse,
} from '#adapters/aws/api/invocation-event.ts';
import { translated } from '#adapters/aws/failures.ts';
import { serverLines } from '#adapters/aws/logs/server-lines.ts';

/** The result of an invocation; `version` is the published version that executed it. */
export type Invocation =
  /** `startMs` is how long it took, with the start of its environment; null where one was there. */
  | {
      readonly kind: 'response';
      readonly version: string;
      readonly response: ModelResponse;
      readonly startMs: number | null;
    }
  /** `log` is the end of the function's output, which reaches the log group later. */
  | {
      readonly kind: 'error';
      readonly version: string;
      readonly error: string;
      readonly log: readonly string[];
    }
  /** The function or the qualifier does not exist. */
  | { readonly kind: 'absent' }
  /** Lambda's concurrency is exhausted. */
  | { readonly kind: 'busy'; readonly reason: string }
  /** Not Active (yet): an invocation of an Inactive function wakes it. */
  | { readonly kind: 'asleep'; readonly reason: string }
  | { readonly kind: 'late'; readonly reason: string };

export type InvocationTarget = {
  readonly functionName: string;
  readonly qualifier: string;
  /** The API's stage, for events. */
  readonly stage: string;
};

const INIT = /^REPORT .*\tInit Duration: ([\d.]+) ms/m;
const DURATION = /^REPORT .*\tDuration: ([\d.]+) ms/m;
const ASLEEP = new Set([
  'CodeArtifactUserPendingException',
  'ResourceConflictException',
  'ResourceNotReadyException',
]);

/** Invokes a model's function as its REST API does, and waits at most `timeoutMs`. Fails as `translated` does. */
export async function invokeModel(
  lambda: LambdaClient,
  { functionName, qualifier, stage }: InvocationTarget,
  request: ModelRequest,
  timeoutMs: number,
): Promise<Invocation> {
  const command = new InvokeCommand({
    FunctionName: functionName,
    Qualifier: qualifier,
    LogType: 'Tail',
    Payload: Buffer.from(JSON.stringify(invocationEvent(stage, request))),
  });
  const abortSignal = AbortSignal.timeout(timeoutMs);
  try {
    const output = await translated(() => lambda.send(command, { abortSignal }).catch(keep));
    if (output instanceof Error) return refused(output);
    const payload = Buffer.from(output.Payload ?? []).toString();
    const version = output.ExecutedVersion ?? '';
    const response = output.FunctionError ? undefined : readResponse(payload);
    const log = Buffer.from(output.LogResult ?? '', 'base64').toString();
    if (response) return { kind: 'response', version, response, startMs: startMsIn(log) };
    const error = output.FunctionError
      ? readFunctionError(payload)
      : `the function answered ${payload}`;
    return { kind: 'error', version, error, log: serverLines(log.split('\n')) };
  } catch (error) {
    if (abortSignal.aborted) return { kind: 'late', reason: `no answer within ${timeoutMs} ms` };
    throw error;
  }
}

/** The line REPORT names the initialisation only where there was one: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
function startMsIn(log: string): number | null {
  const [init, duration] = [INIT.exec(log)?.[1], DURATION.exec(log)?.[1]];
  return init && duration ? Number(init) + Number(duration) : null;
}

/** Returns the errors that are outcomes here, and throws the others. */
function keep(error: unknown): Error {
  if (error instanceof Error && isOutcome(error)) return error;
  throw error;
}

function isOutcome({ name }: Error): boolean {
  return (
    name === 'ResourceNotFoundException' || name === 'TooManyRequestsException' || ASLEEP.has(name)
  );
}

function refused({ name, message }: Error): Invocation {
  if (name === 'ResourceNotFoundException') return { kind: 'absent' };
  const reason = `${name}: ${message}`;
  return { kind: ASLEEP.has(name) ? 'asleep' : 'busy', reason };
}
