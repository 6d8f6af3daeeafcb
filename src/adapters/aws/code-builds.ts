import {
  type Build as AwsBuild,
  BatchGetBuildsCommand,
  type CodeBuildClient,
  ListBuildsForProjectCommand,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import type { Build, BuildPhase, Builds } from '#ports/builds.ts';
import { absentIfNotFound } from './absent.ts';
import { translated } from './failures.ts';

type Options = { readonly client: CodeBuildClient; readonly stage: string };

type Found = { readonly of: Build['of']; readonly build: AwsBuild };

export type RunningBuild = Build & { readonly deploymentId: string };

export type CodeBuilds = Builds & {
  /** The builds that wait or run, oldest first. */
  running(): Promise<readonly RunningBuild[]>;
};

// More than an account's queue holds. https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
const NEWEST = 100;

// The image of a Dockerfile is built in a project of its own, and pushed by a second build.
const PROJECTS = [
  { of: 'image', names: ['image', 'own-image'] },
  { of: 'environment', names: ['environment'] },
] as const;

/** The builds of a stage's projects; whose one is stands in its variable DEPLOYMENT_ID. */
export function codeBuilds({ client, stage }: Options): CodeBuilds {
  /** The image of a deployment is built after its environment, and stands before it here. */
  async function newest(): Promise<readonly Found[]> {
    const found = PROJECTS.map(async ({ of, names }) => {
      const builds = await Promise.all(names.map(newestOf));
      return builds
        .flat()
        .toSorted(byNewest)
        .map((build) => ({ of, build }));
    });
    return (await Promise.all(found)).flat();
  }

  async function newestOf(project: string): Promise<readonly AwsBuild[]> {
    const list = new ListBuildsForProjectCommand({
      projectName: `slipway-${stage}-${project}`,
      sortOrder: 'DESCENDING',
    });
    const { ids = [] } = (await translated(() => client.send(list).catch(absentIfNotFound))) ?? {};
    if (ids.length === 0) return [];
    const get = new BatchGetBuildsCommand({ ids: ids.slice(0, NEWEST) });
    const { builds = [] } = await translated(() => client.send(get));
    return builds;
  }

  return {
    async find(deploymentId) {
      const found = (await newest()).find((each) => deploymentOf(each) === deploymentId);
      return found && described(found);
    },
    async running() {
      return (await newest())
        .filter(isRunning)
        .toSorted((a, b) => byNewest(b.build, a.build))
        .map((found) => ({ ...described(found), deploymentId: deploymentOf(found) }));
    },
    async stop(deploymentId) {
      for (const found of await newest()) {
        if (!isRunning(found) || deploymentOf(found) !== deploymentId) continue;
        const stop = new StopBuildCommand({ id: found.build.id });
        await translated(() => client.send(stop).catch(absentIfNotFound));
      }
    },
  };
}

/** Empty for a build that somebody else has started. */
function deploymentOf({ build: { environment } }: Found): string {
  const variables = environment?.environmentVariables ?? [];
  return variables.find(({ name }) => name === 'DEPLOYMENT_ID')?.value ?? '';
}

function isRunning({ build }: Found): boolean {
  return build.buildStatus === 'IN_PROGRESS';
}

function byNewest(a: AwsBuild, b: AwsBuild): number {
  return (b.startTime?.getTime() ?? 0) - (a.startTime?.getTime() ?? 0);
}

function described({ of, build }: Found): Build {
  const { buildStatus = 'IN_PROGRESS', currentPhase = '', phases = [], logs } = build;
  const { groupName: group, streamName: stream } = logs ?? {};
  return {
    of,
    status: buildStatus,
    phase: currentPhase,
    phases: phases.map(phaseOf),
    log: group && stream ? { group, stream } : null,
  };
}

function phaseOf({
  phaseType = 'COMPLETED',
  phaseStatus,
  durationInSeconds,
}: NonNullable<AwsBuild['phases']>[number]): BuildPhase {
  return { name: phaseType, status: phaseStatus ?? '', seconds: durationInSeconds ?? null };
}
