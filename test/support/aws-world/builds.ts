import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeImagesCommand, type ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { BuildVariable, SmokeTest } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import { awsClient } from '../aws/clients.ts';
import { manifest } from '../aws/model-functions.ts';
import type { Moto } from '../aws/moto.ts';
import { readS3 } from '../aws/s3.ts';
import type { Granted, GrantedEnvironments } from '../worlds/build-order.ts';
import { converted } from './conversion.ts';

export type ScriptedBuilds = {
  /** The result of `startBuild.sync` in Step Functions: the answer, or an error whose message is the Cause. */
  build(parameters: unknown): Promise<object>;
  /** The same of the project that builds Dockerfiles. */
  buildOwnImage(parameters: unknown): Promise<object>;
  /** The same of the project of environments. */
  buildEnvironment(parameters: unknown): Promise<object>;
  /** The next build fails with these lines in its log. */
  failNext(lines: readonly string[]): void;
  /** The next image answers its golden request in so many milliseconds on one vCPU. */
  measureNext(ms: number): void;
  /** The file of the model of an image. */
  modelFile(digest: string): string;
};

type Places = {
  /** The folder that keeps the models of images. */
  readonly folder: string;
  readonly repository: string;
  readonly environments: string;
};

type Parameters = { readonly EnvironmentVariablesOverride: readonly BuildVariable[] };

const GROUP = '/slipway/test/image-builds';

/**
 * Builds, the only scripted part: they read the same as a real one, by the URLs that they are given and their role,
 * and leave an image's manifest in ECR and a log in CloudWatch. A Python model is found to answer the same as ONNX.
 */
export async function scriptedBuilds(
  moto: Pick<Moto, 'endpoint'>,
  ecr: ECRClient,
  { folder, repository, environments }: Places,
): Promise<ScriptedBuilds> {
  const logs = awsClient(CloudWatchLogsClient, moto);
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  const s3 = awsClient(S3Client, moto);
  const byRole = (url: string) => readS3(s3, url);
  const leave = (url: string, Body: Buffer) =>
    s3.send(new PutObjectCommand({ ...objectOf(url), Body }));
  // The image of a Dockerfile is the one that the build before has left, with its description.
  const left = async (place: string) => {
    await byRole(`${place}.json`);
    const { Body } = await s3.send(new GetObjectCommand(objectOf(`${place}.tar`)));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  const modelFile = (digest: string) => join(folder, `${digest.replace('sha256:', '')}.onnx`);
  let failing: readonly string[] | undefined;
  let measuredMs: number | undefined;
  let builds = 0;

  async function write(stream: string, lines: readonly string[]): Promise<void> {
    const named = { logGroupName: GROUP, logStreamName: stream };
    await logs.send(new CreateLogStreamCommand(named));
    const timestamp = Date.now();
    const logEvents = lines.map((message) => ({ timestamp, message: `${message}\n` }));
    await logs.send(new PutLogEventsCommand({ ...named, logEvents }));
  }

  /** One build, which exports the result of `work`. */
  async function run(work: () => Promise<Readonly<Record<string, string>>>): Promise<object> {
    builds += 1;
    const Logs = { GroupName: GROUP, StreamName: `build-${builds}` };
    await write(Logs.StreamName, failing ?? ['pushed']);
    if (failing) {
      failing = undefined;
      const Phases = [{ PhaseType: 'BUILD', PhaseStatus: 'FAILED' }];
      const cause = JSON.stringify({ Build: { BuildStatus: 'FAILED', Phases, Logs } });
      throw Object.assign(new Error(cause), { name: 'States.TaskFailed' });
    }
    const exported = Object.entries(await work()).map(([Name, Value]) => ({ Name, Value }));
    return { Build: { BuildStatus: 'SUCCEEDED', Logs, ExportedEnvironmentVariables: exported } };
  }

  async function push(repositoryName: string, imageTag: string): Promise<string> {
    const imageManifest = JSON.stringify(manifest(imageTag));
    const imageDigest = `sha256:${createHash('sha256').update(imageManifest).digest('hex')}`;
    await ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag, imageDigest }));
    return imageDigest;
  }

  /** Fails where the image is not there. */
  async function pull(repositoryName: string, imageTag: string): Promise<void> {
    await ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] }));
  }

  return {
    modelFile,
    failNext: (lines) => {
      failing = lines;
    },
    measureNext: (ms) => {
      measuredMs = ms;
    },
    build: (parameters) =>
      run(async () => {
        const { order, files } = await granted<Granted>(byRole, parameters, 'ARTIFACT_URL');
        for (const tag of Object.values(order.environments)) await pull(environments, tag);
        const { takesImageFrom: place } = order;
        const bytes = place ? await left(place) : await artifact(files);
        const imageDigest = await push(repository, variable(parameters, 'IMAGE_TAG'));
        const made = order.runtime === 'python' ? converted(bytes) : undefined;
        writeFileSync(modelFile(imageDigest), made?.model ?? bytes);
        const smoke = measuredMs === undefined ? null : smokeOf(measuredMs);
        measuredMs = undefined;
        return { BUILT: JSON.stringify(built(imageDigest, bytes, made?.proof ?? null, smoke)) };
      }),
    buildOwnImage: (parameters) =>
      run(async () => {
        const { order, files } = await granted<Granted>(byRole, parameters, 'ARTIFACT_URL');
        // The model that the image serves stands for the image.
        const model = await artifact(files.filter(({ name }) => name.endsWith('.onnx')));
        await leave(`${order.leavesImageAt}.tar`, model);
        await leave(`${order.leavesImageAt}.json`, Buffer.from('{"smoke":null}'));
        return {};
      }),
    buildEnvironment: (parameters) =>
      run(async () => {
        const { order, files } = await granted<GrantedEnvironments>(read, parameters, 'ORDER_URL');
        if (files.length > 0) throw new Error('the build of an environment was given files');
        for (const { tag } of order.environments) {
          // An existing image is adopted.
          await pull(environments, tag).catch(() => push(environments, tag));
        }
        return {};
      }),
  };
}

function objectOf(url: string) {
  const { hostname: Bucket, pathname } = new URL(url);
  return { Bucket, Key: pathname.slice(1) };
}

function variable(parameters: unknown, name: string): string {
  const { EnvironmentVariablesOverride } = parameters as Parameters;
  return String(EnvironmentVariablesOverride.find(({ Name }) => Name === name)?.Value);
}

async function granted<Body>(
  open: (url: string) => Promise<Buffer | string>,
  parameters: unknown,
  name: string,
): Promise<Body> {
  return JSON.parse(String(await open(variable(parameters, name))));
}

async function artifact([model]: Granted['files']): Promise<Buffer> {
  const bytes = await read(String(model?.url));
  if (bytes.length !== model?.sizeBytes) throw new Error(`${model?.name}: ${bytes.length} bytes`);
  return bytes;
}

async function read(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function smokeOf(ms: number): SmokeTest {
  const run = { vcpus: 1, rows: 1, requests: 3, ms, cpuMs: null };
  return { startMs: 1000, peakBytes: 200 * 2 ** 20, measured: { by: 'quota', runs: [run] } };
}

function built(
  digest: string,
  bytes: Buffer,
  proof: BuildProof | null,
  smoke: SmokeTest | null,
): object {
  return {
    digest,
    compressedBytes: 90_000_000,
    uncompressedBytes: 250_000_000,
    artifactSha256: createHash('sha256').update(bytes).digest('hex'),
    proof,
    smoke,
  };
}
