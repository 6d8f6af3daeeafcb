import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { type ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { awsClient } from './aws-clients.ts';
import { manifest } from './model-functions-world.ts';
import type { Moto } from './moto.ts';

export type ScriptedBuilds = {
  /** What Step Functions makes of `startBuild.sync`: the answer, or an error whose message is the Cause. */
  build(parameters: unknown): Promise<object>;
  /** The next build fails with these lines in its log. */
  failNext(lines: readonly string[]): void;
  /** The file of the model of an image. */
  modelFile(digest: string): string;
};

type Parameters = {
  readonly EnvironmentVariablesOverride: readonly {
    readonly Name: string;
    readonly Value: string;
  }[];
};
type Part = { readonly name: string; readonly sizeBytes: number; readonly url: string };

const GROUP = '/slipway/test/image-builds';

/**
 * Builds, the one scripted thing: what they read is what a real one reads, by the URLs that it is given,
 * and what they leave is an image's manifest in ECR and a log in CloudWatch.
 */
export async function scriptedBuilds(
  moto: Pick<Moto, 'endpoint'>,
  ecr: ECRClient,
  { folder, repository }: { readonly folder: string; readonly repository: string },
): Promise<ScriptedBuilds> {
  const logs = awsClient(CloudWatchLogsClient, moto);
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  const modelFile = (digest: string) => join(folder, `${digest.replace('sha256:', '')}.onnx`);
  let failing: readonly string[] | undefined;
  let builds = 0;

  async function write(stream: string, lines: readonly string[]): Promise<void> {
    const named = { logGroupName: GROUP, logStreamName: stream };
    await logs.send(new CreateLogStreamCommand(named));
    const timestamp = Date.now();
    const logEvents = lines.map((message) => ({ timestamp, message: `${message}\n` }));
    await logs.send(new PutLogEventsCommand({ ...named, logEvents }));
  }

  return {
    modelFile,
    failNext: (lines) => {
      failing = lines;
    },
    async build(parameters) {
      const { EnvironmentVariablesOverride } = parameters as Parameters;
      const given = Object.fromEntries(
        EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]),
      );
      builds += 1;
      const Logs = { GroupName: GROUP, StreamName: `build-${builds}` };
      const lines = failing ?? ['pushed'];
      await write(Logs.StreamName, lines);
      if (failing) {
        failing = undefined;
        const Phases = [{ PhaseType: 'BUILD', PhaseStatus: 'FAILED' }];
        const cause = JSON.stringify({ Build: { BuildStatus: 'FAILED', Phases, Logs } });
        throw Object.assign(new Error(cause), { name: 'States.TaskFailed' });
      }
      const bytes = await artifact(String(given['ARTIFACT_URL']));
      const imageTag = String(given['IMAGE_TAG']);
      const imageManifest = JSON.stringify(manifest(imageTag));
      const imageDigest = `sha256:${createHash('sha256').update(imageManifest).digest('hex')}`;
      await ecr.send(
        new PutImageCommand({ repositoryName: repository, imageManifest, imageTag, imageDigest }),
      );
      writeFileSync(modelFile(imageDigest), bytes);
      return { Build: { BuildStatus: 'SUCCEEDED', Logs, ...exported(imageDigest, bytes) } };
    },
  };
}

async function artifact(url: string): Promise<Buffer> {
  const { files } = JSON.parse((await read(url)).toString()) as { readonly files: Part[] };
  const [model] = files;
  const bytes = await read(String(model?.url));
  if (bytes.length !== model?.sizeBytes) throw new Error(`${model?.name}: ${bytes.length} bytes`);
  return bytes;
}

async function read(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function exported(imageDigest: string, bytes: Buffer) {
  const values = {
    IMAGE_DIGEST: imageDigest,
    COMPRESSED_BYTES: '90000000',
    UNCOMPRESSED_BYTES: '250000000',
    ARTIFACT_SHA256: createHash('sha256').update(bytes).digest('hex'),
  };
  const ExportedEnvironmentVariables = Object.entries(values).map(([Name, Value]) => ({
    Name,
    Value,
  }));
  return { ExportedEnvironmentVariables };
}
