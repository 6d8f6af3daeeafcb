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

// More than an account's queue holds. https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
const NEWEST = 100;

/** The builds of a stage's two projects; whose one is stands in its variable DEPLOYMENT_ID. */
export function codeBuilds({ client, stage }: Options): Builds {
  const own = (deploymentId: string) =>
    // The image is built last.
    Promise.all((['image', 'environment'] as const).map((of) => newest(of, deploymentId)));

  async function newest(of: Build['of'], deploymentId: string): Promise<Found | undefined> {
    const list = new ListBuildsForProjectCommand({
      projectName: `slipway-${stage}-${of}`,
      sortOrder: 'DESCENDING',
    });
    const { ids = [] } = (await translated(() => client.send(list).catch(absentIfNotFound))) ?? {};
    if (ids.length === 0) return undefined;
    const get = new BatchGetBuildsCommand({ ids: ids.slice(0, NEWEST) });
    const { builds = [] } = await translated(() => client.send(get));
    const build = builds
      .filter((each) => isOf(each, deploymentId))
      .toSorted((a, b) => startedAt(b) - startedAt(a))[0];
    return build && { of, build };
  }

  return {
    async find(deploymentId) {
      const [found] = (await own(deploymentId)).filter((each) => each !== undefined);
      return found && described(found);
    },
    async stop(deploymentId) {
      for (const found of await own(deploymentId)) {
        if (found?.build.buildStatus !== 'IN_PROGRESS') continue;
        const stop = new StopBuildCommand({ id: found.build.id });
        await translated(() => client.send(stop).catch(absentIfNotFound));
      }
    },
  };
}

function isOf({ environment }: AwsBuild, deploymentId: string): boolean {
  return (environment?.environmentVariables ?? []).some(
    ({ name, value }) => name === 'DEPLOYMENT_ID' && value === deploymentId,
  );
}

function startedAt({ startTime }: AwsBuild): number {
  return startTime?.getTime() ?? 0;
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
