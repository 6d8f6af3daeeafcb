import { textOf } from './proc.ts';

/** The memory that all processes of a container hold, and their CPU time so far; null where the system does not tell. */
export type ContainerUsage = {
  memoryMiB(): number | null;
  cpuSeconds(): number | null;
};

const MEBIBYTE = 1024 * 1024;
const GROUPS = '/sys/fs/cgroup';

/**
 * Reads a container's control groups, of version 1 or 2, by its first process on this machine (`pid`).
 * Both are null where its engine is on another machine, or where Slipway sees other processes than the engine does: there the process's groups do not name the container.
 * Memory is counted as `docker stats` does it, without the pages of files that can be dropped: https://github.com/docker/cli/blob/v28.2.2/cli/command/container/stats_helpers.go, calculateMemUsageUnixNoCache
 */
export function containerUsage(
  id: string,
  pid: number,
  read: (path: string) => string | null = contentOf,
): ContainerUsage {
  const folders = foldersOf(read(`/proc/${pid}/cgroup`) ?? '', id);
  const number = (controller: string, name: string, field?: string): number | null => {
    const folder = folders(controller);
    const text = folder === undefined ? null : read(`${folder}/${name}`);
    const found = field ? new RegExp(`^${field} (\\d+)$`, 'm').exec(text ?? '')?.[1] : text;
    return found === null || found === undefined || found === '' ? null : Number(found);
  };
  return {
    memoryMiB() {
      const used = number('memory', 'memory.current') ?? number('memory', 'memory.usage_in_bytes');
      if (used === null) return null;
      const files =
        number('memory', 'memory.stat', 'total_inactive_file') ??
        number('memory', 'memory.stat', 'inactive_file');
      return Math.ceil((used - (files ?? 0)) / MEBIBYTE);
    },
    cpuSeconds() {
      const micros = number('cpuacct', 'cpu.stat', 'usage_usec');
      if (micros !== null) return micros / 1e6;
      const nanos = number('cpuacct', 'cpuacct.usage');
      return nanos === null ? null : nanos / 1e9;
    },
  };
}

/** The folder of a controller; proc(5), /proc/PID/cgroup: each line is `NUMBER:CONTROLLERS:PATH`, of version 2 `0::PATH`. */
function foldersOf(groups: string, id: string): (controller: string) => string | undefined {
  const lines = groups
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .flatMap((found) =>
      found ? [{ names: found[1]?.split(',') ?? [], path: found[2] ?? '' }] : [],
    )
    .filter(({ path }) => path.includes(id));
  return (controller) => {
    const own = lines.find(({ names }) => names.includes(controller));
    if (own) return `${GROUPS}/${own.names.join(',')}${own.path}`;
    const unified = lines.find(({ names }) => names.join('') === '');
    return unified && `${GROUPS}${unified.path}`;
  };
}

function contentOf(path: string): string | null {
  return textOf(path)?.trim() ?? null;
}
