import { compareOrder, type Deployment, deploymentId } from '#domain/deployment.ts';
import { executionName } from '#domain/execution-name.ts';
import { failureName } from '#domain/failure.ts';
import { readKey } from '#domain/object-key.ts';
import type { ExecutionEnd } from '#domain/sweep-event.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type {
  ArtifactRef,
  ArtifactStore,
  ListedObject,
  ListedPage,
} from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';
import type { settle } from './settle.ts';

type EndDeps = {
  readonly registry: Registry;
  readonly executions: Executions;
  readonly settle: ReturnType<typeof settle>;
};

type Deps = EndDeps & {
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly bucket: string;
};

/** The deployments that were settled, and the names of the executions that were asked for. */
export type Swept = { readonly settled: readonly string[]; readonly started: readonly string[] };

type How = { readonly error: string; readonly cause: string };

const MINUTE_MS = 60_000;
// An event of S3 takes seconds, sometimes more than a minute; and what Step Functions says of an execution may lag behind its start.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html, https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
const GRACE_MS = 5 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_PAGES = 100;
const UNTOLD: How = { error: '', cause: 'its execution ended without saying why' };

/**
 * Repairs what events have missed: settles deployments whose execution is over, which frees their leases, and starts an execution for each model's newest upload that none was started for.
 * One run looks at no more than the first hundred pages of the store's list under `models/`, which on AWS are 100,000 versions; what is younger than five minutes may still be on its way.
 * What fails does not keep the rest from being done: the first failure is thrown at the end.
 */
export const sweep = (deps: Deps) => async (): Promise<Swept> => {
  const { registry, artifacts, clock, bucket } = deps;
  const isDue = (sinceMs: number) => sinceMs <= clock.now() - GRACE_MS;

  const open = (await registry.unended()).filter(({ admittedAtMs }) => isDue(admittedAtMs));
  const settled = await each(open, (deployment) => settleDead(deps, deployment, UNTOLD));

  const objects = await newestObjects(artifacts, bucket);
  const due = newestUploads(objects).filter(({ object }) => isDue(object.lastModifiedMs));
  const started = await each(due, (upload) => startLost(deps, upload));

  const failures = [...settled.failures, ...started.failures];
  if (failures.length > 0) throw failures[0];
  return { settled: settled.done, started: started.done };
};

/** Settles the deployment of an execution that is said to be over, unless it runs all the same; an ended or unknown one is left as it is. */
export const settleEnded =
  (deps: EndDeps) =>
  async ({ executionArn, status, error, cause }: ExecutionEnd): Promise<void> => {
    const open = await deps.registry.unended();
    const deployment = open.find(({ execution }) => execution === executionArn);
    if (!deployment) return;
    await settleDead(deps, deployment, { error: error || status, cause: cause ?? '' });
  };

/** Answers the deployment's id when it was settled. */
async function settleDead(
  { executions, settle }: EndDeps,
  { id, execution, artifact }: Deployment,
  how: How,
): Promise<string | undefined> {
  if (await executions.isRunning(execution)) return undefined;
  await settle({ event: eventOf(artifact), execution, ...how });
  return id;
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

type Upload = { readonly model: string; readonly object: ListedObject };

/** Of each model, the newest version that starts a deployment. */
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

/** Answers the execution's name when one was asked for. The name is another every hour, so that one that died before the admission is tried again. */
async function startLost(deps: Deps, upload: Upload): Promise<string | undefined> {
  const { executions, clock } = deps;
  const { bucket, key, versionId, lastModifiedMs } = upload.object;
  const id = await deploymentId(bucket, key, versionId);
  if (!(await isLost(deps, upload, id))) return undefined;
  const hours = Math.floor((clock.now() - lastModifiedMs) / HOUR_MS);
  if (hours > 0 && (await executions.isRunning(executionName(key, id, hours)))) return undefined;
  const name = executionName(key, id, hours + 1);
  try {
    await executions.start(name, eventOf(upload.object));
    return name;
  } catch (error) {
    // It has run by this name and ended: Step Functions takes no name again for 90 days.
    if (failureName(error) === 'InputInvalid') return undefined;
    throw error;
  }
}

async function isLost({ registry }: Deps, { model, object }: Upload, id: string): Promise<boolean> {
  if (await registry.deployment(id)) return false;
  const known = await registry.model(model);
  const newest = known && (await registry.deployment(known.newestDeploymentId));
  return !newest?.order || compareOrder(object, newest.order) > 0;
}

/** What S3 would have told of this version; of its order only where the store knows it. */
function eventOf({
  bucket,
  key,
  versionId,
  sequencer,
}: ArtifactRef & { readonly sequencer?: string }): ObjectCreated {
  const object = { key, 'version-id': versionId, ...(sequencer && { sequencer }) };
  return { detail: { bucket: { name: bucket }, object } };
}

async function each<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<string | undefined>,
) {
  const done: string[] = [];
  const failures: unknown[] = [];
  for (const item of items) {
    try {
      const name = await act(item);
      if (name !== undefined) done.push(name);
    } catch (failure) {
      failures.push(failure);
    }
  }
  return { done, failures };
}
