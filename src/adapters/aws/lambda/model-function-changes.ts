import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  type LambdaClient,
  PublishVersionCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { type Refused, refusedAs, translated } from '#adapters/aws/failures.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import { lookUntil, type Waiting } from '#adapters/aws/waiting.ts';
import { Failure, type FailureName } from '#domain/failure.ts';
import { LIFT_MEMORY_LIMIT } from '#domain/placement/function-memory.ts';
import { type FunctionState, readFunction } from './function-state.ts';
import { TOO_MUCH_MEMORY } from './memory-limit.ts';
import type { FunctionDefinition } from './model-function.ts';

/** The changes to one model's function, each made through a `Change`. All but deletions are conditional on the RevisionId that the caller saw, so they never overwrite a concurrent change. */
export type FunctionChanges = {
  /** Waits until no update is in progress; undefined when the function does not exist. */
  settled(): Promise<FunctionState | undefined>;
  /** False when a function with this name already exists. */
  create(definition: FunctionDefinition): Promise<boolean>;
  configure(
    configuration: Partial<FunctionDefinition['configuration']>,
    seen: FunctionState,
  ): Promise<void>;
  /** Sets the tags of the function, which all its versions share. */
  tag(tags: FunctionDefinition['tags'], seen: FunctionState): Promise<void>;
  setImage(imageUri: string, seen: FunctionState): Promise<void>;
  /** Returns the version's number. */
  publish(seen: FunctionState): Promise<string>;
  /** Deletes one version, or the function with all its versions. Idempotent. */
  remove(version?: string): Promise<void>;
};

// Provisioning waits at most twice, within its 120 s.
const LONGEST_WAIT_MS = 50_000;
const LOOK_PERIOD_MS = 1_000;

// During an update Lambda refuses another, and afterwards the RevisionId has changed: the caller looks again.
// https://github.com/aws/aws-sdk/issues/377
const FAILURES: Readonly<Record<string, FailureName>> = {
  InvalidParameterValueException: 'RevisionFailed',
  PreconditionFailedException: 'PlatformUnavailable',
  ResourceConflictException: 'PlatformUnavailable',
};

export function functionChanges(
  lambda: LambdaClient,
  FunctionName: string,
  waiting: Waiting,
  guard: Change,
): FunctionChanges {
  const settled = () => settle(lambda, FunctionName, waiting);
  const change: Change = (call) =>
    guard(() => translated(() => call().catch(refusedAs(REFUSED)), FAILURES));

  async function create({ imageUri, configuration, tags }: FunctionDefinition): Promise<boolean> {
    const command = new CreateFunctionCommand({
      ...configuration,
      FunctionName,
      PackageType: 'Image',
      Code: { ImageUri: imageUri },
      Architectures: ['x86_64'],
      Tags: { ...tags },
    });
    return change(() => lambda.send(command).then(() => true, falseIfThere));
  }

  async function configure(
    configuration: Partial<FunctionDefinition['configuration']>,
    { revisionId }: FunctionState,
  ): Promise<void> {
    const input = { ...configuration, FunctionName, RevisionId: revisionId };
    await change(() => lambda.send(new UpdateFunctionConfigurationCommand(input)));
  }

  async function tag(tags: FunctionDefinition['tags'], { arn }: FunctionState): Promise<void> {
    await change(() => lambda.send(new TagResourceCommand({ Resource: arn, Tags: { ...tags } })));
  }

  async function setImage(imageUri: string, { revisionId }: FunctionState): Promise<void> {
    const input = { FunctionName, ImageUri: imageUri, RevisionId: revisionId };
    await change(() => lambda.send(new UpdateFunctionCodeCommand(input)));
  }

  async function publish({ revision, codeSha256, revisionId }: FunctionState): Promise<string> {
    const command = new PublishVersionCommand({
      FunctionName,
      Description: revision,
      CodeSha256: codeSha256,
      RevisionId: revisionId,
    });
    const { Version = '' } = await change(() => lambda.send(command));
    return Version;
  }

  async function remove(version?: string): Promise<void> {
    const qualifier = version === undefined ? {} : { Qualifier: version };
    const command = new DeleteFunctionCommand({ FunctionName, ...qualifier });
    await change(() => lambda.send(command).catch(absentIfNotFound));
  }

  return { settled, create, configure, tag, setImage, publish, remove };
}

async function settle(
  lambda: LambdaClient,
  functionName: string,
  { clock, sleep }: Waiting,
): Promise<FunctionState | undefined> {
  const found = await lookUntil(
    (state) => state?.condition.kind !== 'pending',
    () => readFunction(lambda, functionName),
    { clock, sleep, waitMs: LONGEST_WAIT_MS, periodMs: LOOK_PERIOD_MS },
  );
  if (found?.condition.kind === 'pending') throw stillBusy(functionName, found.condition.reason);
  return found;
}

function stillBusy(functionName: string, reason: string): Failure {
  return new Failure(
    'PlatformUnavailable',
    `${functionName} was not done with its last change in ${LONGEST_WAIT_MS / 1000} s: ${reason}`,
  );
}

function falseIfThere(error: unknown): false {
  if (error instanceof Error && error.name === 'ResourceConflictException') return false;
  throw error;
}

/** Lambda's refusals, by their messages: the name of the error is the same for all. */
const REFUSED: readonly Refused[] = [
  {
    // Lambda does not distinguish an image that it may not pull yet, since it is still being scanned, from one that it may never pull. https://repost.aws/knowledge-center/lambda-ecr-image
    sign: /permission to access the ECR image/,
    name: 'PlatformUnavailable',
    fix: 'Lambda says so too while the image is scanned: upload again when that is done. If nothing is scanned, `slipway doctor` looks at the policy of the repository.',
  },
  {
    // The Terraform provider retries these too: IAM has just made or changed the role, or network interfaces are being made for many functions at once.
    // https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lambda/function.go
    sign: /role defined for the function cannot be assumed|execution role does not have permissions|throttled by EC2/,
    name: 'PlatformUnavailable',
    fix: 'AWS says so for some minutes after the stack was deployed: upload again. If it goes on, deploy the stack again.',
  },
  {
    sign: TOO_MUCH_MEMORY,
    name: 'TargetRefused',
    fix: LIFT_MEMORY_LIMIT,
  },
];
