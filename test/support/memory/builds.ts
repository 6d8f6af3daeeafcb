import { createHash } from 'node:crypto';
import type { EnvironmentOrder } from '#domain/build/environment-image.ts';
import type { BuildVariable } from '#domain/build/image.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Build, Builds } from '#ports/builds.ts';
import { memoryBuildLog } from './build-log.ts';
import type { MemoryEnvironments } from './environments.ts';

export type MemoryBuilds = {
  /** Stands for CodeBuild in the BuildImage state. */
  build(parameters: unknown): Promise<unknown>;
  /** The same in the BuildOwnImage state. */
  buildOwnImage(parameters: unknown): Promise<unknown>;
  /** The same in the BuildEnvironment state. */
  buildEnvironment(parameters: unknown): Promise<unknown>;
  readonly log: BuildLog;
  readonly builds: Builds;
  /** Gives a deployment this build from now on; the builds of `build` are not listed, since they take no time. */
  has(deploymentId: string, build: Build): void;
  /** Makes every build from now on fail with these lines in its log, until it is given no lines. */
  fail(lines: readonly string[]): void;
  /** Makes every build from now on measure a request of so many milliseconds on one vCPU. */
  measure(ms: number): void;
  /** The tags of the images that were built, oldest first. */
  readonly built: readonly string[];
  /** The tags of the images that were built from Dockerfiles, oldest first. */
  readonly fromDockerfiles: readonly string[];
  /** The tags of the environments that were asked for, oldest first. */
  readonly environments: readonly string[];
};

type Parameters = { readonly EnvironmentVariablesOverride: readonly BuildVariable[] };

/** Builds that take no time: the image of a tag always has the same digest. */
export function memoryBuilds(kept: MemoryEnvironments): MemoryBuilds {
  const log = memoryBuildLog();
  const known = new Map<string, Build>();
  const built: string[] = [];
  const environments: string[] = [];
  const fromDockerfiles: string[] = [];
  let builds = 0;
  let failing: readonly string[] = [];
  let measuredMs: number | undefined;

  /** Writes the log of a build, and says where it is; throws as Step Functions does when the build is to fail. */
  function run(name: string) {
    builds += 1;
    const Logs = { GroupName: 'builds', StreamName: `${name}-${builds}` };
    log.write({ group: Logs.GroupName, stream: Logs.StreamName }, failing);
    if (failing.length === 0) return { BuildStatus: 'SUCCEEDED', Logs };
    const Phases = [{ PhaseType: 'BUILD', PhaseStatus: 'FAILED' }];
    const cause = JSON.stringify({ Build: { BuildStatus: 'FAILED', Phases, Logs } });
    throw Object.assign(new Error(cause), { name: 'States.TaskFailed' });
  }

  return {
    built,
    environments,
    fromDockerfiles,
    log,
    builds: {
      find: async (deploymentId) => known.get(deploymentId),
      async stop(deploymentId) {
        const build = known.get(deploymentId);
        if (build?.status === 'IN_PROGRESS')
          known.set(deploymentId, { ...build, status: 'STOPPED' });
      },
    },
    has: (deploymentId, build) => void known.set(deploymentId, build),
    fail(lines) {
      failing = lines;
    },
    measure(ms) {
      measuredMs = ms;
    },
    async build(parameters) {
      const tag = variable(parameters, 'IMAGE_TAG');
      const answer = run(tag);
      built.push(tag);
      return { Build: { ...answer, ExportedEnvironmentVariables: exported(tag, measuredMs) } };
    },
    async buildOwnImage(parameters) {
      const tag = variable(parameters, 'IMAGE_TAG');
      const answer = run(tag);
      fromDockerfiles.push(tag);
      return { Build: { ...answer, ExportedEnvironmentVariables: [] } };
    },
    async buildEnvironment(parameters) {
      const { order } = granted(variable(parameters, 'ORDER_URL'));
      const answer = run('environment');
      const tags = order.environments.map(({ tag }) => tag);
      environments.push(...tags);
      kept.add(...tags);
      return { Build: { ...answer, ExportedEnvironmentVariables: [] } };
    },
  };
}

function variable(parameters: unknown, name: string): string {
  const { EnvironmentVariablesOverride } = parameters as Parameters;
  return EnvironmentVariablesOverride.find(({ Name }) => Name === name)!.Value;
}

/** The order that the store has granted a build to read; it is in the URL itself. */
function granted(url: string): { readonly order: EnvironmentOrder } {
  return JSON.parse(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64').toString());
}

function exported(tag: string, ms: number | undefined): readonly BuildVariable[] {
  const hash = createHash('sha256').update(tag).digest('hex');
  const image = {
    digest: `sha256:${hash}`,
    compressedBytes: 90_000_000,
    uncompressedBytes: 250_000_000,
    artifactSha256: hash,
    proof: null,
    smoke:
      ms === undefined
        ? null
        : {
            startMs: 1000,
            peakBytes: 200 * 2 ** 20,
            measured: { by: 'quota', runs: [{ vcpus: 1, rows: 1, requests: 3, ms, cpuMs: null }] },
          },
  };
  return [{ Name: 'BUILT', Value: JSON.stringify(image) }];
}
