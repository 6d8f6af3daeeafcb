import { noModelNamed } from '#domain/artifact/no-model.ts';
import { folderOf } from '#domain/artifact/object-key.ts';
import { deploymentId } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';
import { arrived } from './arrived.ts';

type Deps = { readonly registry: Registry; readonly artifacts: ArtifactStore };

/** Why a file is in no deployment, and how to start one of it, ready for its owner to paste. */
export type Stray = { readonly why: string; readonly fix: string };

/** Undefined for a file whose folder's `model.yaml` has started a deployment with it, or is about to. */
export async function strayFile(
  deps: Deps,
  event: ObjectCreated,
  model: string,
): Promise<Stray | undefined> {
  const { key } = event.detail.object;
  const folder = folderOf(key);
  if (folder === undefined) return strayInNoFolder(key, model);
  const why = await strayReason(deps, event, folder);
  const fix = `Once all its files are there, upload ${folder}model.yaml, which may be empty; or \`slipway push FOLDER --name ${model}\`, which does that.`;
  return why === undefined ? undefined : { why, fix };
}

function strayInNoFolder(key: string, model: string): Stray {
  const told = noModelNamed(key);
  if (told) return { why: `it is ${told.name}, ${told.why}`, fix: told.fix };
  const file = key.slice(key.lastIndexOf('/') + 1);
  return {
    why: 'it is not a self-contained model file',
    fix: `Drop one self-contained file (models/${model}/FILE.onnx, its manifest beside it as FILE.onnx.yaml), or a folder one level down (models/${model}/FOLDER/${file}) with model.yaml uploaded last, which may be empty; or \`slipway push FOLDER --name ${model}\`, which does that.`,
  };
}

async function strayReason(
  { registry, artifacts }: Deps,
  event: ObjectCreated,
  folder: string,
): Promise<string | undefined> {
  const bucket = event.detail.bucket.name;
  const manifest = await artifacts.latest(bucket, `${folder}model.yaml`);
  if (!manifest) return `${folder} has no model.yaml`;
  const file = await arrived(artifacts, event);
  const id = await deploymentId(bucket, manifest.key, manifest.versionId);
  const parts = (await registry.deployment(id))?.artifact.parts;
  const isPart = parts?.some(({ versionId }) => versionId === file?.versionId) ?? true;
  if (isPart) return undefined;
  const newest = await artifacts.latest(bucket, event.detail.object.key);
  // What has replaced it tells of itself: a file that is written slowly is there twice, first without its end.
  const isReplaced = newest?.versionId !== file?.versionId;
  return isReplaced ? undefined : `${manifest.key} was uploaded before it`;
}
