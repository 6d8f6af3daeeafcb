import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { artifactAmong } from '#operations/git/artifact.ts';
import { changedModels } from '#operations/git/changed-models.ts';
import { type BucketChecksum, type CheckedOut, checkOut } from '#operations/git/check-out.ts';
import { modelFiles } from '#operations/git/model-files.ts';
import type { Repository } from '#operations/git/repository.ts';
import { sameVersion } from '#operations/git/same-version.ts';
import { type DeploymentEvent, followDeployment } from '../follow.ts';
import { explainError, type Output } from '../output.ts';
import { deploy } from '../push.ts';

/** Two commits whose models are compared; `before` is null where there is nothing to compare with. */
export type Range = { readonly before: string | null; readonly after: string };

export type Place = {
  readonly repository: Repository;
  readonly checksum: BucketChecksum;
  readonly output: Output;
};

/** Does a work with the artifact that a model has at a commit, as files that are removed afterwards. */
export async function withArtifact<Result>(
  { repository, checksum, output }: Place,
  { commit, model }: { readonly commit: string; readonly model: string },
  work: (artifact: CheckedOut) => Promise<Result>,
): Promise<Result> {
  const { git, stores, inFolder } = repository;
  const found = artifactAmong(model, await modelFiles(git, { commit, model }, stores));
  for (const name of found.leftOut)
    output.line(`${model}: left out ${name}, no part of ${found.path}`);
  return inFolder(async (folder) =>
    work(await checkOut(git, { model, found }, { folder, checksum })),
  );
}

/** Inspects each model that differs between two commits as a deployment would, and says what was found; whether all can be taken. */
export async function inspectChanged(place: Place, { before, after }: Range): Promise<boolean> {
  const { repository, output } = place;
  const { changed } = await changedModels(repository.git, before, after);
  // Loaded lazily: a push that changes no model needs no inspection.
  const { inspectPath } = await import('#operations/inspection/inspect-path.ts');
  let areTaken = true;
  for (const model of changed) {
    try {
      const { facts, server } = await withArtifact(place, { commit: after, model }, ({ path }) =>
        inspectPath(path),
      );
      const bytes = facts.sizeBytes.toLocaleString('en-US');
      output.line(`${model}: ${facts.format}, ${bytes} bytes, served by ${server}`);
    } catch (error) {
      areTaken = false;
      output.line(`${model} is refused: ${explainError(error)}`);
    }
  }
  return areTaken;
}

/** A change that has begun: the deployment to follow, from the event after the cursor on. */
type Begun = { readonly model: string; readonly deployment: string; readonly after: string };

/** The changes that have begun, and whether none is missing. */
export type AllBegun = { readonly begun: readonly Begun[]; readonly isWhole: boolean };

/** Begins the deployment of each model that differs between two commits, or the rollback to the version that has its bytes. One that cannot begin keeps no other from it. */
export async function beginChanged(
  place: Place,
  slipway: Slipway,
  { before, after }: Range,
): Promise<AllBegun> {
  const { repository, output } = place;
  const { changed, removed } = await changedModels(repository.git, before, after);
  const begun: Begun[] = [];
  let isWhole = true;
  for (const model of changed) {
    try {
      const work = (artifact: CheckedOut) => beginOne(slipway, { model, artifact, output });
      const one = await withArtifact(place, { commit: after, model }, work);
      if (one) begun.push({ model, ...one });
    } catch (error) {
      isWhole = false;
      output.line(`${model} is not deployed: ${explainError(error)}`);
    }
  }
  for (const model of removed) {
    output.line(
      `${model} is gone from the branch, and stays live: \`slipway undeploy ${model}\` removes it`,
    );
  }
  return { begun, isWhole };
}

async function beginOne(
  slipway: Slipway,
  { model, artifact, output }: { model: string; artifact: CheckedOut; output: Output },
): Promise<Omit<Begun, 'model'> | null> {
  const same = await sameVersion(slipway, model, artifact.content);
  if (same?.isLive) {
    output.line(`${model} v${same.version} has these bytes, and is live`);
    return null;
  }
  if (!same) {
    const options = { name: model, output, allowBreaking: false };
    return { deployment: await deploy(artifact.path, options, async () => slipway), after: '' };
  }
  const { deploymentId, after, says } = await slipway.rollBack({ name: model, to: same.version });
  output.line(`${model} v${same.version} has these bytes: ${says}`);
  return deploymentId === null ? null : { deployment: deploymentId, after };
}

const NOT_LIVE =
  'MODEL stays as it was before, and the branch keeps the commit\n→ Mend it or take it back (`git revert`), and push again.';

type Following = {
  readonly output: Output;
  readonly asks?: ((event: DeploymentEvent) => Promise<void> | undefined) | undefined;
};

/** Follows what was begun to its end; whether all of it is live. */
export async function followAll(
  slipway: Slipway,
  begun: readonly Begun[],
  { output, asks }: Following,
): Promise<boolean> {
  const startedAtMs = performance.now();
  let areLive = true;
  for (const { model, deployment, after } of begun) {
    const events = await slipway.readEvents({ deployment, after, follow: true });
    const { detail } = await followDeployment(events, {
      output,
      startedAtMs,
      begun: 'Begun',
      listBuilds: slipway.listBuilds,
      ...(asks && { asks }),
    });
    const isLive = ['Live', 'Ignored'].includes(detail.state);
    areLive &&= isLive;
    if (isLive) output.line(`${model} answers at ${slipway.endpoint(model)}`);
    else output.line(NOT_LIVE.replace('MODEL', model));
  }
  return areLive;
}

/** A commit by any of its names, as a whole id; null for the id of nothing, by which Git and CI say that a branch is new. Fails with `InputInvalid` for a name that there is not. */
export async function commitNamed(
  { git }: Pick<Repository, 'git'>,
  name: string,
): Promise<string | null> {
  if (/^0+$/.test(name)) return null;
  const isName = name !== '' && !name.startsWith('-');
  const found = isName
    ? await git.found('rev-parse', '--verify', '--quiet', `${name}^{commit}`)
    : undefined;
  if (found !== undefined) return found.trim();
  throw new Failure('InputInvalid', `this repository has no commit ${JSON.stringify(name)}`, {
    fix: 'Fetch it first: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout.',
  });
}
