import { dirname, join } from 'node:path';
import { processIds, textOf } from './proc.ts';

// The threads of a server of ours before it reads its model; those of one that has just ended count no more.
const SERVER_THREADS = 16;

/**
 * Says that this user, or this container, has almost all the processes and threads that it may have, as a clause; undefined where it has fewer, or the system does not report them.
 * The limits are RLIMIT_NPROC, which the kernel keeps for each user but root (setrlimit(2)), and `pids.max` of the cgroup and of those around it (https://docs.kernel.org/admin-guide/cgroup-v2.html#pid).
 */
export function processShortage(root = '/', uid = process.getuid?.()): string | undefined {
  return userShortage(root, uid) ?? cgroupShortage(root);
}

function userShortage(root: string, uid: number | undefined): string | undefined {
  if (!uid) return undefined;
  const limit = Number(/^Max processes +(\d+)/m.exec(read(root, 'proc/self/limits'))?.[1]);
  if (Number.isNaN(limit)) return undefined;
  const count = threadsOf(root, uid);
  return isShort(count, limit)
    ? `while this user had ${count} of the ${limit} processes and threads that it may have: raise \`ulimit -u\`, or undeploy models`
    : undefined;
}

function cgroupShortage(root: string): string | undefined {
  const own = /^0::(\/.*)$/m.exec(read(root, 'proc/self/cgroup'))?.[1];
  for (let path = own; path !== undefined; path = path === '/' ? undefined : dirname(path)) {
    const folder = join('sys/fs/cgroup', path);
    const limit = Number(read(root, join(folder, 'pids.max')) || 'max');
    const count = Number(read(root, join(folder, 'pids.current')));
    if (isShort(count, limit)) {
      return `while this container or service had ${count} of the ${limit} processes and threads that it may have: raise that limit (\`--pids-limit\` of Docker, \`TasksMax=\` of systemd), or undeploy models`;
    }
  }
  return undefined;
}

/** False where there is no limit: it is not a number then. */
function isShort(count: number, limit: number): boolean {
  return count + SERVER_THREADS > limit;
}

function threadsOf(root: string, uid: number): number {
  const statuses = processIds(root).map((pid) => read(root, `proc/${pid}/status`));
  return statuses
    .filter((status) => Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === uid)
    .reduce((sum, status) => sum + Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]), 0);
}

function read(root: string, path: string): string {
  return textOf(join(root, path))?.trim() ?? '';
}
