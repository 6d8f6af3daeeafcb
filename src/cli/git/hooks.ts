import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TAG } from '#control/operations.ts';
import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { changedModels, modelsAt } from '#operations/git/changed-models.ts';
import { takenGitEnvironment } from '#operations/git/git.ts';
import {
  DEPLOYED,
  type Hook,
  MAIN,
  openPushed,
  type PushedRepository,
} from '#operations/git/repository.ts';
import { everSameVersion } from '#operations/git/same-version.ts';
import { comparisonReport } from '#operations/models/comparison-report.ts';
import { diff } from '../diff.ts';
import { openOneMachine } from '../one-machine.ts';
import { explainError, type Output } from '../output.ts';
import { diffLines } from '../views/diff.ts';
import {
  beginChanged,
  followAll,
  inspectChanged,
  type Place,
  type Range,
  withArtifact,
} from './models.ts';

/** A ref that a push moves; `before` and `after` are commits, or what tags name, and null where it is made or removed. */
type Moved = {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
};

type Pushed = Omit<Place, 'repository'> & {
  readonly repository: PushedRepository;
  readonly slipway: Slipway;
  readonly dataDir: string;
};

const BRANCH = 'refs/heads/';
const TAGS = 'refs/tags/';

type Asked = { readonly repository: string; readonly data: string };

/**
 * Does what a hook of the repository has to do, with what Git writes to it; whether the push is taken.
 * Fails with `PlatformUnavailable` where no Slipway runs.
 */
export async function runHook(
  hook: Hook,
  { repository, data }: Asked,
  output: Output,
): Promise<boolean> {
  const environment = takenGitEnvironment(process.env);
  const moved = movedRefs(await text(process.stdin));
  const pushed: Pushed = {
    repository: await openPushed(repository, data, environment),
    slipway: await openOneMachine(data),
    dataDir: data,
    checksum: 'sha256',
    output,
  };
  return hook === 'pre-receive' ? areTaken(pushed, moved) : carriedOut(pushed, moved);
}

/** `BEFORE AFTER REF`, a line each. https://git-scm.com/docs/githooks#pre-receive */
function movedRefs(input: string): readonly Moved[] {
  const lines = input.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [before = '', after = '', ...ref] = line.split(' ');
    return { ref: ref.join(' '), before: unlessZero(before), after: unlessZero(after) };
  });
}

function unlessZero(id: string): string | null {
  return /^0*$/.test(id) ? null : id;
}

/** Inspects all that a push would change, before any ref moves. */
async function areTaken(pushed: Pushed, moved: readonly Moved[]): Promise<boolean> {
  let areGood = true;
  for (const each of moved) {
    try {
      if (!(await isTaken(pushed, each))) areGood = false;
    } catch (error) {
      areGood = false;
      pushed.output.line(`${each.ref} is refused: ${explainError(error)}`);
    }
  }
  if (!areGood) pushed.output.line('nothing of this push is taken, and nothing is deployed');
  return areGood;
}

async function isTaken(pushed: Pushed, { ref, before, after }: Moved): Promise<boolean> {
  if (ref.startsWith(TAGS)) {
    if (after !== null) await requireTag(pushed, ref, after);
    return true;
  }
  if (!ref.startsWith(BRANCH)) {
    throw new Failure('InputInvalid', 'only branches and tags are taken', {
      fix: 'Push them alone: `git push REMOTE main`.',
    });
  }
  if (after !== null) {
    const range = ref === MAIN ? { before, after } : await rangeOf(pushed, after);
    return inspectChanged(pushed, range);
  }
  if (ref !== MAIN) return true;
  throw new Failure('InputInvalid', 'main is what is deployed, and stays', {
    fix: '`slipway undeploy MODEL` removes a model.',
  });
}

async function requireTag({ repository }: Pushed, ref: string, after: string): Promise<void> {
  if (!TAG.test(ref.slice(TAGS.length))) {
    throw new Failure('InputInvalid', 'it cannot name a version', {
      fix: 'Use 1 to 100 letters, digits, and inner dots, hyphens, underscores and slashes.',
    });
  }
  if ((await commitOf({ repository }, after)) !== undefined) return;
  throw new Failure('InputInvalid', 'it names no commit', {
    fix: 'Tag a commit: `git tag NAME COMMIT`.',
  });
}

async function commitOf(
  { repository: { git } }: Pick<Pushed, 'repository'>,
  id: string,
): Promise<string | undefined> {
  return (await git.found('rev-parse', '--verify', '--quiet', `${id}^{commit}`))?.trim();
}

/** The commits of a branch since it left main. */
async function rangeOf({ repository: { git } }: Pushed, after: string): Promise<Range> {
  const main = await git.found('rev-parse', '--verify', '--quiet', MAIN);
  const base = main === undefined ? undefined : await git.found('merge-base', MAIN, after);
  return { before: base?.trim() ?? null, after };
}

/** Deploys main, then names versions, then compares candidates, which takes longest. */
async function carriedOut(pushed: Pushed, moved: readonly Moved[]): Promise<boolean> {
  const { output } = pushed;
  const works = [
    ...moved.filter(({ ref }) => ref === MAIN).map(() => () => deployMain(pushed)),
    ...moved
      .filter(({ ref }) => ref.startsWith(TAGS))
      .map((each) => () => nameVersions(pushed, each)),
    ...moved
      .filter(({ ref, after }) => ref.startsWith(BRANCH) && ref !== MAIN && after !== null)
      .map((each) => () => compareCandidates(pushed, each)),
  ];
  let isWhole = true;
  for (const work of works) {
    try {
      if (!(await work())) isWhole = false;
    } catch (error) {
      isWhole = false;
      output.line(explainError(error));
    }
  }
  return isWhole;
}

/**
 * Deploys what main has now and had not when it was last deployed: another push may have moved it meanwhile, and a push that was cut off may have left something.
 * Whether all of it is live in the end.
 */
export async function deployMain(pushed: Omit<Pushed, 'dataDir'>): Promise<boolean> {
  const { repository, slipway, output } = pushed;
  const { git } = repository;
  const { begun, isWhole } = await repository.alone(async () => {
    const after = (await git.text('rev-parse', '--verify', MAIN)).trim();
    const before = (await git.found('rev-parse', '--verify', '--quiet', DEPLOYED))?.trim() ?? null;
    const all = await beginChanged(pushed, slipway, { before, after });
    // The next push tries again those that could not begin.
    if (all.isWhole) await git.text('update-ref', DEPLOYED, after);
    return all;
  });
  return (await followAll(slipway, begun, { output })) && isWhole;
}

/** Gives a tag to the version of each model that has the bytes of the tagged commit. */
async function nameVersions(pushed: Pushed, { ref, after }: Moved): Promise<boolean> {
  const { repository, slipway } = pushed;
  const tag = ref.slice(TAGS.length);
  const commit = after === null ? undefined : await commitOf(pushed, after);
  const tagged = commit === undefined ? [] : await modelsAt(repository.git, commit);
  for (const { name, versions } of (await slipway.listModels({ costs: false })).models) {
    const hasIt = versions.some(({ tags = [] }) => tags.includes(tag));
    if (commit !== undefined && tagged.includes(name)) {
      await nameVersion(pushed, { model: name, commit, tag });
    } else if (hasIt) await slipway.tagVersion({ name, tag });
  }
  return true;
}

type Named = { readonly model: string; readonly commit: string; readonly tag: string };

async function nameVersion(pushed: Pushed, { model, commit, tag }: Named): Promise<void> {
  const { slipway, output } = pushed;
  try {
    const version = await withArtifact(pushed, { commit, model }, ({ content }) =>
      everSameVersion(slipway, model, content),
    );
    if (version === undefined) {
      output.line(`${model}: no version that went live has the bytes of ${tag}`);
      return;
    }
    await slipway.tagVersion({ name: model, tag, version });
    output.line(`${model} v${version} is ${tag}`);
  } catch (error) {
    output.line(`${model} gets no tag: ${explainError(error)}`);
  }
}

/** Compares each model that a branch changes with its live version, without deploying it. */
async function compareCandidates(pushed: Pushed, { ref, after }: Moved): Promise<boolean> {
  const { repository, output } = pushed;
  if (after === null) return true;
  const range = await rangeOf(pushed, after);
  const { changed } = await changedModels(repository.git, range.before, after);
  for (const model of changed) {
    try {
      await withArtifact(pushed, { commit: after, model }, ({ path }) =>
        compare(pushed, { model, commit: after, path }),
      );
    } catch (error) {
      output.line(`${model} is not compared: ${explainError(error)}`);
    }
  }
  output.line(`${ref.slice(BRANCH.length)} gets no traffic: only main is deployed`);
  return true;
}

const SHORT = 12;

type Candidate = { readonly model: string; readonly commit: string; readonly path: string };

async function compare(
  { repository, slipway, dataDir, output }: Pushed,
  { model, commit, path }: Candidate,
): Promise<void> {
  const { models } = await slipway.listModels({ costs: false });
  if (!models.find(({ name }) => name === model)?.live) {
    output.line(`${model} would be new: there is no live version to compare it with`);
    return;
  }
  const { found, from, to } = await diff(path, { name: model, data: dataDir }, output);
  const names = { model, from, to: `${basename(to)} of ${commit.slice(0, SHORT)}` };
  for (const line of diffLines(names, found)) output.line(line);
  const report = join(repository.reports, `${model}-${commit.slice(0, SHORT)}.html`);
  // Examples may say what only some should read.
  await writeFile(report, comparisonReport(names, found), { mode: 0o600 });
  output.line(`the report is in ${report}`);
}
