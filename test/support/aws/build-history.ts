import type { Build, StatusType } from '@aws-sdk/client-codebuild';
import type { AwsRule } from './rules/rules.ts';

export type BuildHistory = {
  readonly rules: readonly AwsRule[];
  /** Sets a build's status from now on. */
  set(id: string, change: Partial<Build>): void;
};

const BATCH_GET =
  'https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html';
const STOP = 'https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html';

/** Builds that run until they are stopped and keep the parameters that they were started with; moto's are over at the first look, and have no variables. */
export function buildHistory(): BuildHistory {
  const known = new Map<string, Partial<Build>>();
  const set = (id: string, change: Partial<Build>) =>
    void known.set(id, { ...known.get(id), ...change });

  return {
    set,
    rules: [
      {
        name: 'codebuild: a build keeps the variables that it was started with',
        service: 'CodeBuild',
        commands: ['StartBuild'],
        source: BATCH_GET,
        after({ input: { environmentVariablesOverride } }, output) {
          const { build } = output as { readonly build: Build };
          const environment = {
            ...build.environment,
            environmentVariables: environmentVariablesOverride,
          } as Build['environment'];
          const status: StatusType = 'IN_PROGRESS';
          set(String(build.id), {
            environment,
            buildStatus: status,
            currentPhase: 'QUEUED',
            phases: [],
          });
          return undefined;
        },
      },
      {
        name: 'codebuild: a build runs until it has ended',
        service: 'CodeBuild',
        commands: ['BatchGetBuilds'],
        source: BATCH_GET,
        after(_call, output) {
          const { builds = [] } = output as { readonly builds?: readonly Build[] };
          return {
            ...output,
            builds: builds.map((build) => ({ ...build, ...known.get(build.id ?? '') })),
          };
        },
      },
      {
        name: 'codebuild: a build that is stopped says so',
        service: 'CodeBuild',
        commands: ['StopBuild'],
        source: STOP,
        after({ input: { id } }) {
          set(String(id), { buildStatus: 'STOPPED', currentPhase: 'COMPLETED' });
          return undefined;
        },
      },
    ],
  };
}
