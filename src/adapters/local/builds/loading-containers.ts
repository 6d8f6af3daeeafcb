import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerUsage, containerUsage } from '#adapters/local/processes/container-usage.ts';
import { textOf } from '#adapters/local/processes/proc.ts';

/** Finds what the container with this id uses; undefined where it has no process on this machine. */
type FindUsage = (id: string) => Pick<ContainerUsage, 'cpuSeconds'> | undefined;

/**
 * The CPU time so far of the containers in which a build loads a model (buildspecs/commands/docker.mjs leaves their ids in its scratch folder), in seconds.
 * Null while there is none, since the engine itself then works for the build, and where the system does not tell.
 */
export function loadingCpuSeconds(scratch: string, find: FindUsage = usageOf): number | null {
  const ids = filesIn(scratch)
    .filter((name) => name.endsWith('.cid'))
    .map((name) => textOf(join(scratch, name))?.trim());
  const seconds = ids.map((id) => (id ? find(id)?.cpuSeconds() : undefined) ?? null);
  if (seconds.length === 0 || seconds.includes(null)) return null;
  return seconds.reduce<number>((sum, each) => sum + (each ?? 0), 0);
}

function usageOf(id: string): ContainerUsage | undefined {
  const pid = filesIn('/proc').find(
    (name) => /^\d+$/.test(name) && textOf(`/proc/${name}/cgroup`)?.includes(id),
  );
  return pid === undefined ? undefined : containerUsage(id, Number(pid));
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
