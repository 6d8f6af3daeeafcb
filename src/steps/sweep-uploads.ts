import { foldersOf, manifestKey, modelKeyOf, readKey } from '#domain/artifact/object-key.ts';
import { compareOrder, deploymentId } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { executionName } from '#domain/execution-name.ts';
import { failureName } from '#domain/failure.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { ArtifactStore, ListedObject, ListedPage } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';
import { lateData } from './late-data.ts';
import { each, type Part } from './sweep-each.ts';

type Deps = {
  readonly registry: Registry;
  readonly executions: Executions;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly bucket: string;
  readonly uploadGraceMs: number;
};

/** `of`: the newest version of the model, where the object is its external data. */
type Upload = {
  readonly model: string;
  readonly object: ListedObject;
  readonly of?: ListedObject | undefined;
};

const MAX_PAGES = 100;

/** Starts an execution for each model's newest upload that has none; returns their names. */
export function startLostUploads(deps: Deps): Promise<Part> {
  const { artifacts, bucket, clock, uploadGraceMs } = deps;
  const due = async () =>
    uploadsAmong(await newestObjects(artifacts, bucket)).filter(
      ({ object }) => object.lastModifiedMs <= clock.now() - uploadGraceMs,
    );
  return each(due, (upload) => startLost(deps, upload));
}

async function newestObjects(
  artifacts: ArtifactStore,
  bucket: string,
): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  let after: string | null = '';
  for (let page = 0; after !== null && page < MAX_PAGES; page += 1) {
    const found: ListedPage = await artifacts.newest(bucket, 'models/', after);
    objects.push(...found.objects);
    after = found.next;
  }
  return objects;
}

function uploadsAmong(objects: readonly ListedObject[]): readonly Upload[] {
  const keys = new Set(objects.map(({ key }) => key));
  // A file of a folder with a manifest starts nothing by itself.
  const alone = objects.filter(
    ({ key }) => readKey(key).kind === 'folder' || !keys.has(manifestKey(foldersOf(key)[0])),
  );
  return [...newestUploads(alone), ...dataUploads(alone)];
}

/** The external data of models, which start a deployment where they came after those. */
function dataUploads(objects: readonly ListedObject[]): readonly Upload[] {
  const byKey = new Map(objects.map((object) => [object.key, object]));
  return objects.flatMap((object) => {
    const meaning = readKey(object.key);
    const of = byKey.get(modelKeyOf(object.key) ?? '');
    return of && meaning.kind === 'data' ? [{ model: meaning.model, object, of }] : [];
  });
}

/** The newest version of each model that starts a deployment. */
function newestUploads(objects: readonly ListedObject[]): readonly Upload[] {
  const newest = new Map<string, Upload>();
  for (const object of objects) {
    const meaning = readKey(object.key);
    if (meaning.kind !== 'artifact' && meaning.kind !== 'folder') continue;
    const { model } = meaning;
    const known = newest.get(model);
    if (!known || compareOrder(object, known.object) > 0) newest.set(model, { model, object });
  }
  return [...newest.values()];
}

/** The name changes every hour, so that another execution follows one that died before the admission. */
async function startLost(deps: Deps, upload: Upload): Promise<string | undefined> {
  const { executions, clock } = deps;
  const { bucket, key, versionId, lastModifiedMs } = upload.object;
  const id = await deploymentId(bucket, key, versionId);
  if (!(await isLost(deps, upload, id))) return undefined;
  const hours = Math.floor((clock.now() - lastModifiedMs) / HOUR_MS);
  if (hours > 0 && (await executions.isRunning(executionName(key, id, hours)))) return undefined;
  const name = executionName(key, id, hours + 1);
  try {
    await executions.start('deploy', name, eventOf(upload.object));
    return name;
  } catch (error) {
    // An execution of this name has run and ended: Step Functions refuses the name for 90 days.
    if (failureName(error) === 'InputInvalid') return undefined;
    throw error;
  }
}

async function isLost(
  { registry }: Deps,
  { model, object, of }: Upload,
  id: string,
): Promise<boolean> {
  if (await registry.deployment(id)) return false;
  if (of && (await lateData(registry, model, of, object)) !== 'missing') return false;
  const known = await registry.model(model);
  const newest = known && (await registry.deployment(known.newestDeploymentId));
  if (!newest?.order) return true;
  const age = compareOrder(of ?? object, newest.order);
  return of ? age >= 0 : age > 0;
}

/** The event that S3 would have sent for this version; with its sequencer only where the store knows it. */
function eventOf({ bucket, key, versionId, sequencer }: ListedObject): ObjectCreated {
  const object = { key, 'version-id': versionId, ...(sequencer && { sequencer }) };
  return { detail: { bucket: { name: bucket }, object } };
}
