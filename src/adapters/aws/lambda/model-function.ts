import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import { modelRoute } from '#adapters/aws/api/model-api.ts';
import { serverEnvironment } from '#adapters/aws/server-environment.ts';
import { costTags } from '#adapters/aws/tags.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import type { RevisionSpec } from '#ports/platform.ts';

/** The settings that the functions of all models of a stage share. */
export type ModelFunctions = {
  readonly stage: string;
  /** Which pays for a model that names none. */
  readonly team: string;
  /** The prefix of a model function's name, before the model. */
  readonly prefix: string;
  /** URI of the repository of model images. */
  readonly repository: string;
  readonly role: string;
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  readonly logGroup: string;
  /** Origins whose pages may call models. */
  readonly corsOrigins: readonly string[];
};

/** The two kinds of functions, by how they answer. A version keeps its kind: it is part of its environment. */
export type FunctionKind = Exclude<Mechanism, 'container'>;

/** The alias that clients use, to versions of one kind. */
export const ALIASES = {
  function: 'live',
  'streaming-function': 'live-streaming',
} as const satisfies Record<FunctionKind, string>;

const MODE = 'AWS_LWA_INVOKE_MODE';

/** The value of the web adapter's invoke mode. https://github.com/aws/aws-lambda-web-adapter#lambda-response-streaming */
const MODES = {
  function: 'buffered',
  'streaming-function': 'response_stream',
} as const satisfies Record<FunctionKind, string>;

export function kindOf(environment: Readonly<Record<string, string>> = {}): FunctionKind {
  return environment[MODE] === MODES['streaming-function'] ? 'streaming-function' : 'function';
}

/** How long an answer may take (seconds). */
export const ANSWER_SECONDS = {
  function: limits.requestTimeoutSeconds,
  'streaming-function': limits.streamTimeoutSeconds,
} as const satisfies Record<FunctionKind, number>;

export type FunctionDefinition = {
  readonly imageUri: string;
  readonly configuration: Pick<
    CreateFunctionCommandInput,
    | 'Description'
    | 'Environment'
    | 'LoggingConfig'
    | 'MemorySize'
    | 'Role'
    | 'Timeout'
    | 'VpcConfig'
  >;
  readonly tags: Readonly<Record<string, string>>;
};

/** The function that serves a revision, named in its Description. Fails with `InputInvalid` without an image. */
export function functionDefinition(
  spec: RevisionSpec,
  functions: ModelFunctions,
): FunctionDefinition {
  const kind = spec.isStreaming ? 'streaming-function' : 'function';
  if (!spec.image) throw new Failure('InputInvalid', `${spec.revision} has no image to run`);
  return {
    imageUri: `${functions.repository}@${spec.image.digest}`,
    configuration: {
      Description: spec.revision,
      Environment: { Variables: environment(spec, spec.image.digest, kind, functions) },
      LoggingConfig: { LogGroup: functions.logGroup },
      MemorySize: spec.memoryMiB,
      Role: functions.role,
      // The API times out first, so what clients get never depends on a race between the two.
      Timeout: ANSWER_SECONDS[kind] + 1,
      VpcConfig: {
        SubnetIds: [...functions.subnets],
        SecurityGroupIds: [functions.securityGroup],
      },
    },
    tags: Object.fromEntries(costTags(spec, functions)),
  };
}

function environment(
  spec: RevisionSpec,
  digest: string,
  kind: FunctionKind,
  functions: ModelFunctions,
): Record<string, string> {
  return {
    ...serverEnvironment(spec, digest, functions),
    AWS_LWA_PORT: String(spec.server.port),
    // The image's HOST is its server's listening address; the adapter would take it for the address to connect to.
    AWS_LWA_HOST: '127.0.0.1',
    AWS_LWA_READINESS_CHECK_PATH: spec.server.healthPath,
    // By default the adapter treats any status below 500 as ready.
    // https://github.com/awslabs/aws-lambda-web-adapter#configurations
    AWS_LWA_READINESS_CHECK_HEALTHY_STATUS: '200-399',
    // A 5xx of a server that does not count it itself would be a success to Lambda, which no metric sees: it is made an error, whose answer is lost.
    ...(!RUNTIMES[spec.runtime].countsServerErrors && { AWS_LWA_ERROR_STATUS_CODES: '500-599' }),
    AWS_LWA_REMOVE_BASE_PATH: modelRoute(spec.model),
    // A model that loads for longer than Lambda's 10 s init phase continues loading during the first request.
    AWS_LWA_ASYNC_INIT: 'true',
    [MODE]: MODES[kind],
  };
}
