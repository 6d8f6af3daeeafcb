import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';
import type { VersionDiff } from '#control/comparison.ts';
import type { Slipway } from '#control/slipway.ts';
import { examplesKey, readKey, sidecarKey } from '#domain/artifact/object-key.ts';
import { type Artifact, type ArtifactPart, isOfModel } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { DeploymentState } from '#domain/phase.ts';
import { followDeployment } from './follow.ts';
import { onInterrupt } from './interrupt.ts';
import { oneMachineAt } from './one-machine.ts';
import type { Output } from './output.ts';
import type { Planned } from './push.ts';

/** Two versions of a model as uploads, the one that starts a deployment last. */
type Rehearsed = {
  readonly model: string;
  readonly before: readonly Planned[];
  readonly after: readonly Planned[];
  readonly output: Output;
};

/**
 * Compares two versions as a deployment does, where neither is deployed: in a Slipway of its own on this machine, with a data folder that is removed afterwards.
 * Each is built, and runs in a process of its own behind this machine's walls, as every model here does. Requests that clients sent are not asked: only their own Slipway may open them.
 * Fails with `RevisionFailed` where the version before cannot run here.
 */
export async function rehearse({ model, before, after, output }: Rehearsed): Promise<VersionDiff> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-diff-'));
  const dataDir = join(folder, 'data');
  const config = readLocalConfig({
    dataDir,
    gatewayPort: 0,
    controlPort: 0,
    bakeSeconds: 0,
    scrubBytesPerSecond: 0,
  });
  const { gateway, control, token, stop } = await startLocal(config, {
    environment: process.env,
    report: output.line,
  });
  try {
    const slipway = oneMachineAt({ gateway, control, token });
    const first = await deploy(slipway, before, { output, upTo: 'Live' });
    if (first.state !== 'Live') {
      throw new Failure('RevisionFailed', `the version before does not run here: ${first.reason}`, {
        fix: first.fix,
      });
    }
    const second = await deploy(slipway, after, { output, upTo: 'Compared' });
    if (second.version !== null) {
      const found = await slipway.diffVersions({ name: model, from: 1, to: second.version });
      if (found.comparison) return found;
    }
    throw new Failure('RevisionFailed', `it was not compared: ${second.reason}`, {
      fix: second.fix,
    });
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Uploads a version, and follows its deployment. */
async function deploy(
  slipway: Slipway,
  planned: readonly Planned[],
  { output, upTo }: { readonly output: Output; readonly upTo: DeploymentState },
) {
  using interrupt = onInterrupt();
  let deployment: string | null = null;
  const startedAtMs = performance.now();
  for (const { key, file } of planned) {
    const sent = { key, file, signal: interrupt.signal, onSent: () => undefined };
    deployment = (await slipway.upload(sent)).deploymentId;
  }
  if (deployment === null) throw new Failure('InputInvalid', 'the files start no deployment');
  const events = await slipway.readEvents({ deployment, follow: true });
  const { detail } = await followDeployment(events, {
    output,
    startedAtMs,
    begun: 'Uploaded',
    listBuilds: slipway.listBuilds,
    upTo,
    left: interrupt.signal,
  });
  return detail;
}

/** The uploads that make a version of a kept artifact; `fileOf` answers a file with the bytes of a part. */
export async function uploadsOf(
  model: string,
  { key, parts, manifest }: Artifact,
  fileOf: (part: ArtifactPart) => Promise<string>,
): Promise<readonly Planned[]> {
  const keyOf = keysOf(model, key, parts);
  const planned = async (part: ArtifactPart) => ({
    key: keyOf(part),
    file: part.sizeBytes === 0 ? null : await fileOf(part),
  });
  const all: Planned[] = [];
  for (const part of manifest ? [...parts, manifest] : parts) {
    if (!all.some((each) => each.key === keyOf(part))) all.push(await planned(part));
  }
  const starts = (upload: Planned) => ['artifact', 'folder'].includes(readKey(upload.key).kind);
  return [...all.filter((each) => !starts(each)), ...all.filter(starts)];
}

/** A promotion keeps the files of a version by their names alone, and not where its model was dropped. */
function keysOf(model: string, key: string, parts: readonly ArtifactPart[]) {
  if (key.startsWith('models/')) return (part: ArtifactPart) => part.key;
  const [only, ...others] = parts.filter(isOfModel);
  const alone = only && others.length === 0 ? `models/${model}/${only.name}` : undefined;
  if (alone === undefined || readKey(alone).kind !== 'artifact') {
    return ({ name }: ArtifactPart) => `models/${model}/model/${name}`;
  }
  return (part: ArtifactPart) => {
    if (part === only) return alone;
    return isOfModel(part) ? sidecarKey(alone) : examplesKey(alone);
  };
}
