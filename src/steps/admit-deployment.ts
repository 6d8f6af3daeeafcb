import { droppedBy } from '#domain/artifact/dropped-by.ts';
import { isPart } from '#domain/artifact/hidden-file.ts';
import { MAX_PARTS, untilTooMany } from '#domain/artifact/limit.ts';
import {
  examplesKey,
  externalDataKeys,
  filesOfFolder,
  type KeyMeaning,
  readKey,
  sidecarKey,
} from '#domain/artifact/object-key.ts';
import { EXAMPLES_FILE } from '#domain/comparison/examples-file.ts';
import {
  type Artifact,
  type ArtifactPart,
  bringsVersion,
  type Deployment,
  type DroppedBy,
  deploymentId,
  isSameArtifact,
} from '#domain/deployment.ts';
import { MINUTE_MS } from '#domain/durations.ts';
import { nearestModelName } from '#domain/identity.ts';
import type { ObjectCreated, StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore, StoredObject } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Admission, Registry } from '#ports/registry.ts';
import { arrived } from './arrived.ts';
import { lateData } from './late-data.ts';
import { requireDeployment } from './require-deployment.ts';
import { manifestOver, type Stray, strayFile } from './stray-file.ts';
import { takeOver } from './take-over.ts';

type Deps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly executions: Executions;
  readonly clock: Clock;
};

type Output = StepOutput<'AdmitDeployment'>;
type ModelKey = Extract<KeyMeaning, { kind: 'artifact' | 'folder' }>;
type DataKey = Extract<KeyMeaning, { kind: 'data' }>;

export const admitDeployment =
  (deps: Deps) =>
  async ({ event, execution }: StepInput<'AdmitDeployment'>): Promise<Output> => {
    const { bucket, object } = event.detail;
    const meaning = readKey(object.key);
    switch (meaning.kind) {
      case 'outside':
      case 'sidecar':
        return { kind: 'ignored', id: '', model: '', reason: `${object.key} starts no deployment` };
      case 'loose': {
        const { model } = meaning;
        const manifest = await manifestOver(deps.artifacts, event);
        const stray = await strayFile(deps, event, model, manifest);
        return hint(deps, event, execution, { model, stray });
      }
      case 'misnamed':
        return refuseName(deps, event, execution, meaning.name);
      case 'artifact':
      case 'folder': {
        const stored = await arrived(deps.artifacts, event);
        const { model } = meaning;
        if (!stored) {
          const reason = `${bucket.name}/${object.key} was deleted`;
          return { kind: 'ignored', id: '', model, reason };
        }
        const manifest =
          meaning.kind === 'artifact' ? await manifestOver(deps.artifacts, event) : undefined;
        const by = droppedBy(event, stored.claims);
        if (!manifest) return admit(deps, { meaning, stored, start: stored, by, execution });
        const id = await deploymentId(stored.bucket, stored.key, stored.versionId);
        const stray = await strayFile(deps, event, model, manifest);
        return hint(deps, event, execution, { model, stray, id });
      }
      case 'data':
        return admitData(deps, event, execution, meaning);
    }
  };

/** Where the model came before its data, the data's arrival starts the deployment of both. */
async function admitData(
  deps: Deps,
  event: ObjectCreated,
  execution: string,
  { model, file }: DataKey,
): Promise<Output> {
  const { registry, artifacts } = deps;
  const { bucket, object } = event.detail;
  const manifest = await manifestOver(artifacts, event);
  if (manifest) {
    const stray = await strayFile(deps, event, model, manifest);
    return hint(deps, event, execution, { model, stray });
  }
  const key = `models/${model}/${file}`;
  const [stored, start, newest] = await Promise.all([
    arrived(artifacts, event),
    artifacts.latest(bucket.name, key),
    artifacts.latest(bucket.name, object.key),
  ]);
  const nothing = { model, stray: undefined };
  // The file that has replaced it has an event of its own.
  if (!stored || !start || newest?.versionId !== stored.versionId) {
    return hint(deps, event, execution, nothing);
  }
  switch (await lateData(registry, model, start, stored)) {
    case 'part':
      return hint(deps, event, execution, nothing);
    case 'missing': {
      // S3 tells whole seconds, by which both may have come at once.
      const lastModifiedMs = Math.max(stored.lastModifiedMs, start.lastModifiedMs) + 1;
      return admit(deps, {
        meaning: { kind: 'artifact', model, file },
        stored: { ...stored, lastModifiedMs },
        start,
        by: droppedBy(event, stored.claims),
        execution,
      });
    }
    case 'other': {
      const why = `${key} was uploaded before it, and is deployed without it`;
      const fix = `Upload ${key} again after it; or \`slipway push ${file} --name ${model}\`, which uploads both.`;
      return hint(deps, event, execution, { model, stray: { why, fix } });
    }
  }
}

type Arrival = {
  readonly meaning: ModelKey;
  /** The arrived object, which names the deployment. */
  readonly stored: StoredObject;
  /** The objects from which the artifact is pinned. */
  readonly start: StoredObject;
  readonly by: DroppedBy | undefined;
  readonly execution: string;
};

async function admit(deps: Deps, arrival: Arrival): Promise<Output> {
  const { stored, execution } = arrival;
  const id = await deploymentId(stored.bucket, stored.key, stored.versionId);
  const known = await deps.registry.deployment(id);
  const deployment = known ?? (await record(deps, id, arrival));
  const { model, phase } = deployment;
  if (deployment.execution !== execution) return takeOver(deps, deployment, execution);
  const kind = phase === 'Ignored' ? 'ignored' : phase === 'Superseded' ? 'superseded' : 'admitted';
  return { kind, id, model, reason: '' };
}

async function record(
  { registry, artifacts }: Deps,
  id: string,
  { meaning, stored, start, by, execution }: Arrival,
): Promise<Deployment> {
  const pinned = await pin(artifacts, meaning, start);
  const artifact = by ? { ...pinned, droppedBy: by } : pinned;
  const admission = { deploymentId: id, model: meaning.model, artifact, order: stored, execution };
  const twin = await liveTwin(registry, admission);
  if (twin) {
    const reason = `${start.key} is byte for byte identical to ${twin}, which is live`;
    return registry.refuse({ ...admission, phase: 'Ignored', announcement: { reason } });
  }
  return (await registry.admit(admission)).deployment;
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
    const examples = await artifacts.latest(bucket, examplesKey(key));
    const beside = externalDataKeys(key).map((each) => artifacts.latest(bucket, each));
    const data = (await Promise.all(beside)).filter((each) => each !== undefined);
    return {
      bucket,
      key,
      versionId,
      parts: [
        part(stored, meaning.file),
        ...data.map((each) => part(each, each.key.slice(key.length - meaning.file.length))),
        ...(examples ? [part(examples, EXAMPLES_FILE)] : []),
      ],
      manifest: manifest ? part(manifest, 'model.yaml') : null,
    };
  }
  // Lists the manifest and one file more than the limit: enough for the inspection to see that there are too many, and no more for the record to hold.
  const files = await artifacts.list(bucket, meaning.prefix, {
    limit: MAX_PARTS + 2,
    isWanted: isPart,
  });
  const own = filesOfFolder(files, meaning.prefix);
  const parts = untilTooMany(own.filter((file) => file.key !== key));
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

type Hint = {
  readonly model: string;
  readonly stray: Stray | undefined;
  /** The deployment that the file would have been by itself. */
  readonly id?: string;
};

/** One event per model and minute, however many files a sync brings, and one for each file that would be a model by itself; none where there is nothing to say. */
async function hint(
  deps: Deps,
  event: ObjectCreated,
  execution: string,
  { model, stray, ...would }: Hint,
): Promise<Output> {
  const { bucket, object } = event.detail;
  const reason = `${object.key} starts no deployment: ${stray?.why ?? 'it is a part of another'}`;
  if (!stray) return { kind: 'ignored', id: '', model, reason };
  const minute = Math.floor(deps.clock.now() / MINUTE_MS);
  const id = would.id ?? (await deploymentId(bucket.name, `models/${model}/`, String(minute)));
  await deps.registry.refuse({
    deploymentId: id,
    model,
    execution,
    phase: 'Ignored',
    announcement: { reason, fix: stray.fix },
    artifact: withoutFiles(event),
  });
  return { kind: 'ignored', id, model, reason };
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

function withoutFiles(event: ObjectCreated): Artifact {
  const { bucket, object } = event.detail;
  const by = droppedBy(event, undefined);
  return {
    bucket: bucket.name,
    key: object.key,
    versionId: object['version-id'] ?? '',
    parts: [],
    manifest: null,
    ...(by && { droppedBy: by }),
  };
}
