import { CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import { ecrEnvironments } from '#adapters/aws/store/ecr-environments.ts';
import { s3ArtifactStore } from '#adapters/aws/store/s3-artifact-store.ts';
import { environmentImages, requiredTags } from '#domain/build/environment-image.ts';
import { explainBuild } from '#domain/build/explain-build.ts';
import { byRuntime } from '#domain/build/runtime.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { findStackIfAny } from '#operations/account/stack.ts';

const FIRST = 'first-build';

/**
 * Starts the build of the environment that serves ONNX models, which the first of them needs anyway, and does not wait for it: only a build shows whether AWS lets the account build at all. True when one was started, false when the environment exists, or builds are merely busy.
 * Fails with `PlatformDenied` when AWS lets the account run no build: the stack exists, and works once that is lifted.
 */
export async function startFirstBuild(account: AwsAccount): Promise<boolean> {
  const settings = clientSettings(account);
  const stack = await findStackIfAny(account);
  if (!stack) return false;
  const { name, outputs } = stack;
  const { Bucket: bucket, Environments: repository, EnvironmentHash: environmentHash } = outputs;
  // A stack of an older version does not output it.
  if (!environmentHash) return false;
  const wanted = environmentImages({
    plan: { runtime: 'onnx', environmentHash, python: null },
    converts: false,
    hashes: byRuntime(() => environmentHash),
  });
  const environments = ecrEnvironments({ client: new ECRClient(settings), repository });
  if ((await environments.missing(requiredTags(wanted))).length === 0) return false;
  const artifacts = s3ArtifactStore({ client: new S3Client(settings), bucket });
  const order = await artifacts.grant(FIRST, [], { environments: wanted });
  const start = new StartBuildCommand({
    projectName: `${name}-environment`,
    environmentVariablesOverride: [
      { name: 'ORDER_URL', type: 'PLAINTEXT', value: order },
      { name: 'DEPLOYMENT_ID', type: 'PLAINTEXT', value: FIRST },
    ],
  });
  try {
    await new CodeBuildClient(settings).send(start);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (/Cannot have more than 0 builds/.test(message)) throw held(message);
    if (/Cannot have more than \d+ builds/.test(message)) return false;
    return translated(() => Promise.reject(error));
  }
}

function held(message: string): Failure {
  const failed = { error: message, phase: '', isStopped: false, told: null, log: null };
  const { fix } = explainBuild(failed, []);
  return new Failure(
    'PlatformDenied',
    'AWS lets this account run no build at all, whatever its quotas show, so models cannot be built yet; the stack itself is there',
    { fix },
  );
}
