import { noModelNamed } from '#domain/artifact/no-model.ts';
import { foldersOf, manifestKey, readKey } from '#domain/artifact/object-key.ts';
import { deploymentId } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { ArtifactStore, StoredObject } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';
import { arrived } from './arrived.ts';

type Deps = { readonly registry: Registry; readonly artifacts: ArtifactStore };

/** Why a file is in no deployment, and how to start one of it, ready for its owner to paste. */
export type Stray = { readonly why: string; readonly fix: string };

/** Undefined for a file whose folder's `model.yaml`, which is `manifest`, has started a deployment with it, or is about to. */
export async function strayFile(
  deps: Deps,
  event: ObjectCreated,
  model: string,
  manifest: StoredObject | undefined,
): Promise<Stray | undefined> {
  const why = await strayReason(deps, event, manifest);
  return why === undefined ? undefined : { why, fix: fixFor(event.detail.object.key, model) };
}

/** The newest `model.yaml` of the folder that the event's file is in. */
export async function manifestOver(
  artifacts: ArtifactStore,
  { detail: { bucket, object } }: ObjectCreated,
): Promise<StoredObject | undefined> {
  for (const folder of foldersOf(object.key)) {
    const manifest = await artifacts.latest(bucket.name, manifestKey(folder));
    if (manifest) return manifest;
  }
  return undefined;
}

async function strayReason(
  { registry, artifacts }: Deps,
  event: ObjectCreated,
  manifest: StoredObject | undefined,
): Promise<string | undefined> {
  const { bucket, object } = event.detail;
  if (!manifest) {
    const [folder, own] = foldersOf(object.key);
    if (own !== undefined) return `${folder} has no model.yaml`;
    const told = noModelNamed(object.key);
    return told ? `it is ${told.name}, ${told.why}` : 'it is not a self-contained model file';
  }
  const file = await arrived(artifacts, event);
  const id = await deploymentId(bucket.name, manifest.key, manifest.versionId);
  const parts = (await registry.deployment(id))?.artifact.parts;
  const isPart = parts?.some(({ versionId }) => versionId === file?.versionId) ?? true;
  if (isPart) return undefined;
  const newest = await artifacts.latest(bucket.name, object.key);
  // The object that replaced it reports itself: a file that is written slowly arrives twice, first without its end.
  const isReplaced = newest?.versionId !== file?.versionId;
  return isReplaced ? undefined : `${manifest.key} was uploaded before it`;
}

function fixFor(key: string, model: string): string {
  const [folder, own] = foldersOf(key);
  const last = `upload ${manifestKey(folder)}, which may be empty; or \`slipway push FOLDER --name ${model}\`, which does that.`;
  if (own !== undefined) return `Once all its files are there, ${last}`;
  if (readKey(key).kind === 'artifact') {
    return `Once all files of the folder are there, ${last} Where this file is the model by itself, delete ${manifestKey(folder)} first.`;
  }
  return (
    noModelNamed(key)?.fix ??
    `Drop one self-contained file (${folder}FILE.onnx, its manifest beside it as FILE.onnx.yaml); of a model of several files, once all are there, ${last}`
  );
}
