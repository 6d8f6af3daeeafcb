import { createHash } from 'node:crypto';
import type { BuildVariable } from '#domain/image.ts';
import type { BuildLog } from '#ports/build-log.ts';
import { memoryBuildLog } from './memory-build-log.ts';

export type MemoryBuilds = {
  /** What stands for CodeBuild in the BuildImage state. */
  build(parameters: unknown): Promise<unknown>;
  readonly log: BuildLog;
  /** Every build from now on fails with these lines in its log, until it is given none. */
  fail(lines: readonly string[]): void;
  /** The tags of the images that were built, oldest first. */
  readonly built: readonly string[];
};

type Parameters = { readonly EnvironmentVariablesOverride: readonly BuildVariable[] };

/** Builds that take no time: the image of a tag always has the same digest. */
export function memoryBuilds(): MemoryBuilds {
  const log = memoryBuildLog();
  const built: string[] = [];
  let builds = 0;
  let failing: readonly string[] = [];

  return {
    built,
    fail(lines) {
      failing = lines;
    },
    log,
    async build(parameters) {
      const { EnvironmentVariablesOverride } = parameters as Parameters;
      const tag = EnvironmentVariablesOverride.find(({ Name }) => Name === 'IMAGE_TAG')!.Value;
      builds += 1;
      const Logs = { GroupName: 'builds', StreamName: `${tag}-${builds}` };
      log.write({ group: Logs.GroupName, stream: Logs.StreamName }, failing);
      if (failing.length > 0) {
        const Phases = [{ PhaseType: 'BUILD', PhaseStatus: 'FAILED' }];
        const cause = JSON.stringify({ Build: { BuildStatus: 'FAILED', Phases, Logs } });
        throw Object.assign(new Error(cause), { name: 'States.TaskFailed' });
      }
      built.push(tag);
      return { Build: { BuildStatus: 'SUCCEEDED', Logs, ...exported(tag) } };
    },
  };
}

function exported(tag: string): { readonly ExportedEnvironmentVariables: BuildVariable[] } {
  const hash = createHash('sha256').update(tag).digest('hex');
  const values = {
    IMAGE_DIGEST: `sha256:${hash}`,
    COMPRESSED_BYTES: '90000000',
    UNCOMPRESSED_BYTES: '250000000',
    ARTIFACT_SHA256: hash,
  };
  const variables = Object.entries(values).map(([Name, Value]) => ({ Name, Value }));
  return { ExportedEnvironmentVariables: variables };
}
