import { isPart } from '#domain/artifact/hidden-file.ts';
import { MAX_PARTS, untilTooMany } from '#domain/artifact/limit.ts';
import { noModelNamed } from '#domain/artifact/no-model.ts';
import {
  externalDataKeys,
  folderOf,
  type KeyMeaning,
  readKey,
  sidecarKey,
} from '#domain/artifact/object-key.ts';
import {
  type Artifact,
  type ArtifactPart,
  bringsVersion,
  type Deployment,
  deploymentId,
  isSameArtifact,
} from '#domain/deployment.ts';
import { nearestModelName } from '#domain/identity.ts';
import type { ObjectCreated, StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore, StoredObject } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Admission, Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';
import { takeOver } from './take-over.ts';

type Deps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly executions: Executions;
  readonly clock: Clock;
};

type Output = StepOutput<'AdmitDeployment'>;
type ModelKey = Extract<KeyMeaning, { kind: 'artifact' | 'folder' }>;

const MINUTE_MS = 60_000;

export const admitDeployment =
  (deps: Deps) =>
  async ({ event, execution }: StepInput<'AdmitDeployment'>): Promise<Output> => {
    const { bucket, object } = event.detail;
    const meaning = readKey(object.key);
    switch (meaning.kind) {
      case 'outside':
      case 'sidecar':
        return { kind: 'ignored', id: '', model: '', reason: `${object.key} starts no deployment` };
      case 'loose':
        return hint(deps, event, execution, meaning.model);
      case 'misnamed':
        return refuseName(deps, event, execution, meaning.name);
      case 'artifact':
      case 'folder': {
        const found = await find(deps.artifacts, event);
        // S3 reports the sequencer only in its events.
        const stored = found && { ...found, sequencer: object.sequencer ?? found.sequencer };
        return stored
          ? admit(deps, meaning, stored, execution)
          : {
              kind: 'ignored',
              id: '',
              model: meaning.model,
              reason: `${bucket.name}/${object.key} was deleted`,
            };
      }
    }
  };

async function admit(
  deps: Deps,
  meaning: ModelKey,
  stored: StoredObject,
  execution: string,
): Promise<Output> {
  const id = await deploymentId(stored.bucket, stored.key, stored.versionId);
  const known = await deps.registry.deployment(id);
  const deployment = known ?? (await record(deps, { id, meaning, stored, execution }));
  const { model, phase } = deployment;
  if (deployment.execution !== execution) return takeOver(deps, deployment, execution);
  const kind = phase === 'Ignored' ? 'ignored' : phase === 'Superseded' ? 'superseded' : 'admitted';
  return { kind, id, model, reason: '' };
}

type Arrival = {
  readonly id: string;
  readonly meaning: ModelKey;
  readonly stored: StoredObject;
  readonly execution: string;
};

async function record(
  { registry, artifacts }: Deps,
  { id, meaning, stored, execution }: Arrival,
): Promise<Deployment> {
  const artifact = await pin(artifacts, meaning, stored);
  const admission = { deploymentId: id, model: meaning.model, artifact, order: stored, execution };
  const twin = await liveTwin(registry, admission);
  if (twin) {
    const reason = `${stored.key} is byte for byte identical to ${twin}, which is live`;
    return registry.refuse({ ...admission, phase: 'Ignored', announcement: { reason } });
  }
  return (await registry.admit(admission)).deployment;
}

/** The version that the event names, or the newest version of its key when the event names none. */
async function find(
  artifacts: ArtifactStore,
  { detail }: ObjectCreated,
): Promise<StoredObject | undefined> {
  const bucket = detail.bucket.name;
  const { key } = detail.object;
  const versionId = detail.object['version-id'];
  return versionId === undefined
    ? artifacts.latest(bucket, key)
    : artifacts.describe({ bucket, key, versionId });
}

/** Pins every file of the artifact to its current version; later uploads belong to a later deployment. */
async function pin(
  artifacts: ArtifactStore,
  meaning: ModelKey,
  stored: StoredObject,
): Promise<Artifact> {
  const { bucket, key, versionId } = stored;
  if (meaning.kind === 'artifact') {
    const manifest = await artifacts.latest(bucket, sidecarKey(key));
    const beside = externalDataKeys(key).map((each) => artifacts.latest(bucket, each));
    const data = (await Promise.all(beside)).filter((each) => each !== undefined);
    return {
      bucket,
      key,
      versionId,
      parts: [
        part(stored, meaning.file),
        ...data.map((each) => part(each, each.key.slice(key.length - meaning.file.length))),
      ],
      manifest: manifest ? part(manifest, 'model.yaml') : null,
    };
  }
  // Lists the manifest and one file more than the limit: enough for the inspection to see that there are too many, and no more for the record to hold.
  const files = await artifacts.list(bucket, meaning.prefix, {
    limit: MAX_PARTS + 2,
    isWanted: isPart,
  });
  const parts = untilTooMany(files.filter((file) => file.key !== key));
  return {
    bucket,
    key,
    versionId,
    parts: parts.map((file) => part(file, file.key.slice(meaning.prefix.length))),
    manifest: part(stored, 'model.yaml'),
  };
}

function part({ key, versionId, sizeBytes, checksum }: StoredObject, name: string): ArtifactPart {
  return { name, key, versionId, sizeBytes, checksum };
}

/** The live revision when it is byte-for-byte identical, unless another deployment is about to replace or remove it. */
async function liveTwin(
  registry: Registry,
  { model, artifact }: Admission,
): Promise<string | undefined> {
  const known = await registry.model(model);
  if (!known?.live) return undefined;
  const { revision, deploymentId } = known.live;
  const newest = await requireDeployment(registry, known.newestDeploymentId);
  if (newest.id !== deploymentId && newest.endedAtMs === null) return undefined;
  const deployed = await requireDeployment(registry, deploymentId);
  // A rollback, repair or undeploy may be about to take the live version away.
  const open = await registry.unended();
  if (open.some((other) => other.model === model && !bringsVersion(other.kind))) return undefined;
  return isSameArtifact(deployed.artifact, artifact) ? revision : undefined;
}

/** One event per model and minute, however many files a sync brings. */
async function hint(
  deps: Deps,
  event: ObjectCreated,
  execution: string,
  model: string,
): Promise<Output> {
  const { bucket, object } = event.detail;
  const why = await strayReason(deps, event);
  const reason = `${object.key} starts no deployment: ${why ?? 'it is a part of its folder'}`;
  if (why === undefined) return { kind: 'ignored', id: '', model, reason };
  const minute = Math.floor(deps.clock.now() / MINUTE_MS);
  const id = await deploymentId(bucket.name, `models/${model}/`, String(minute));
  await deps.registry.refuse({
    deploymentId: id,
    model,
    execution,
    phase: 'Ignored',
    announcement: { reason, fix: fixFor(object.key, model) },
    artifact: withoutFiles(event),
  });
  return { kind: 'ignored', id, model, reason };
}

/** How to start a deployment of the file's folder, ready for its owner to paste. */
function fixFor(key: string, model: string): string {
  const folder = folderOf(key);
  if (folder === undefined) {
    const told = noModelNamed(key);
    if (told) return told.fix;
    const file = key.slice(key.lastIndexOf('/') + 1);
    return `Drop one self-contained file (models/${model}/FILE.onnx, its manifest beside it as FILE.onnx.yaml), or a folder one level down (models/${model}/FOLDER/${file}) with model.yaml uploaded last, which may be empty; or \`slipway push FOLDER --name ${model}\`, which does that.`;
  }
  return `Once all its files are there, upload ${folder}model.yaml, which may be empty; or \`slipway push FOLDER --name ${model}\`, which does that.`;
}

/** Why the file is in no deployment; undefined when its folder's `model.yaml` has started a deployment with it, or is about to. */
async function strayReason(
  { registry, artifacts }: Deps,
  event: ObjectCreated,
): Promise<string | undefined> {
  const bucket = event.detail.bucket.name;
  const folder = folderOf(event.detail.object.key);
  if (folder === undefined) {
    const told = noModelNamed(event.detail.object.key);
    return told ? `it is ${told.name}, ${told.why}` : 'it is not a self-contained model file';
  }
  const manifest = await artifacts.latest(bucket, `${folder}model.yaml`);
  if (!manifest) return `${folder} has no model.yaml`;
  const file = await find(artifacts, event);
  const id = await deploymentId(bucket, manifest.key, manifest.versionId);
  const parts = (await registry.deployment(id))?.artifact.parts;
  const isPart = parts?.some(({ versionId }) => versionId === file?.versionId) ?? true;
  if (isPart) return undefined;
  const newest = await artifacts.latest(bucket, event.detail.object.key);
  // What has replaced it tells of itself: a file that is written slowly is there twice, first without its end.
  const isReplaced = newest?.versionId !== file?.versionId;
  return isReplaced ? undefined : `${manifest.key} was uploaded before it`;
}

async function refuseName(
  { registry }: Deps,
  event: ObjectCreated,
  execution: string,
  name: string,
): Promise<Output> {
  const { bucket, object } = event.detail;
  const id = await deploymentId(bucket.name, object.key, object['version-id'] ?? '');
  const isInNoFolder = [name, `models/${name}`].includes(object.key);
  const reason = isInNoFolder
    ? `${object.key} is not in the folder of a model, which gives the model its name`
    : `${object.key}: the model's name \`${name}\` is not allowed; a name has 1 to 40 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen`;
  await registry.refuse({
    deploymentId: id,
    model: name,
    execution,
    phase: 'Rejected',
    announcement: {
      reason,
      fix: isInNoFolder
        ? `Upload it again as models/NAME/${name}.`
        : `Upload it again under models/${nearestModelName(name) ?? 'NAME'}/, or with another such name.`,
    },
    artifact: withoutFiles(event),
  });
  return { kind: 'rejected', id, model: name, reason };
}

function withoutFiles({ detail: { bucket, object } }: ObjectCreated): Artifact {
  const versionId = object['version-id'] ?? '';
  return { bucket: bucket.name, key: object.key, versionId, parts: [], manifest: null };
}
