// Holds a process of this machine, with all that it starts, to a quota of CPU time: in a control group of version 1 or 2, below the group that this process is in, so that it leaves no limit of that one.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `name` is the last part of the group's path, and a quota's group lies in it by the name of its share. Each function fails where the kernel refuses; `hold` also where the quota before has not held until now. Undefined stands for no quota.
 * @typedef {{ name: string, enter(pid: number): void, hold(share: number | undefined): void, remove(): Promise<void> }} CpuGroup
 */
/** @typedef {{ isSecond: boolean, folder: string }} Hierarchy */

// The process that made a group, and when that one started (proc(5)): another one may get its number.
const NAME = /^slipway-share-(\d+)-(\d+)-\d+$/;
// As on Lambda and Fargate.
const PERIOD_US = 100_000;
// Servers of live models come first, as in src/adapters/local/processes/priority.ts: half the weight of a group by default.
const WEIGHTS = /** @type {const} */ ({ 1: ['cpu.shares', '512'], 2: ['cpu.weight', '50'] });
// A process that starts others while it is moved leaves them behind.
const MOST_ROUNDS = 20;
// A process that has ended is in its group for some time.
const REMOVALS = 20;
const REMOVAL_MS = 25;
let made = 0;

/**
 * A group of this process with these quotas (vCPUs). Fails, by saying why, where none can be made: elsewhere than on Linux, without the right to it, or without the controller.
 * @param {readonly number[]} shares
 * @returns {CpuGroup}
 */
export function cpuGroup(shares) {
  const own = ownHierarchy();
  made += 1;
  const name = `slipway-share-${process.pid}-${startOf('self')}-${made}`;
  const top = join(own.folder, name);
  /** @param {number | undefined} share */
  const folderOf = (share) => (share === undefined ? top : join(top, String(share)));
  /** @type {number | undefined} */
  let held;
  try {
    begin(own, top);
    const [weight, light] = WEIGHTS[own.isSecond ? 2 : 1];
    set(join(top, weight), light);
    for (const share of shares) {
      begin({ ...own, folder: top }, folderOf(share));
      for (const [file, value] of quotaOf(own, share)) set(join(folderOf(share), file), value);
    }
  } catch (error) {
    removeNow(own, top);
    throw new Error(wordsOf(error, own.folder));
  }
  return {
    name,
    enter: (pid) => writeFileSync(join(top, 'cgroup.procs'), String(pid)),
    hold(share) {
      if (held !== undefined) checkQuota(own, folderOf(held), held);
      if (share === held) return;
      moveAll(own, folderOf(held), folderOf(share));
      held = share;
    },
    remove: () => removed(own, top),
  };
}

/** Removes the groups beside this process's whose makers have ended: killed, they could not do it. Their processes move to the group of this one. */
export async function removeLeftGroups() {
  const own = ownHierarchy();
  for (const name of readdirSync(own.folder)) {
    const [, pid, start] = NAME.exec(name) ?? [];
    if (pid && startOf(pid) !== start) await removed(own, join(own.folder, name));
  }
}

/**
 * Where this process's groups of the controller `cpu` are. cgroups(7), proc(5): /proc/self/cgroup has `NUMBER:CONTROLLERS:PATH`, of version 2 `0::PATH`, and each mount shows a part of a hierarchy.
 * @returns {Hierarchy}
 */
function ownHierarchy() {
  const [groups, mounts] = ['cgroup', 'mountinfo'].map((name) => textOf(`/proc/self/${name}`));
  if (!groups || !mounts) throw new Error('this system has no control groups');
  const lines = groups
    .trim()
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? []);
  const first = lines.find(([, names]) => names?.split(',').includes('cpu'));
  const [, , path = ''] = first ?? lines.find(([, names]) => names === '') ?? [];
  for (const mount of mounts.trim().split('\n')) {
    const [place = '', kind = ''] = mount.split(' - ');
    const [type, , options = ''] = kind.split(' ');
    const isOurs = first
      ? type === 'cgroup' && options.split(',').includes('cpu')
      : type === 'cgroup2';
    const [, , , root = '', at = ''] = place.split(' ');
    const above = root === '/' ? '' : root;
    if (isOurs && `${path}/`.startsWith(`${above}/`)) {
      return { isSecond: !first, folder: join(at, path.slice(above.length)) };
    }
  }
  throw new Error('no control groups of this process are mounted here');
}

/**
 * In version 2 a group of threads, which may lie in one that has processes itself.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#threads
 * @param {Hierarchy} above
 * @param {string} folder
 */
function begin({ isSecond, folder: above }, folder) {
  if (isSecond && !wordsIn(above, 'cgroup.controllers').includes('cpu')) {
    throw new Error(`the control group ${above} does not have the controller cpu`);
  }
  mkdirSync(folder);
  if (!isSecond) return;
  set(join(folder, 'cgroup.type'), 'threaded');
  if (wordsIn(above, 'cgroup.subtree_control').includes('cpu')) return;
  // The group of all processes belongs to the system.
  if (!textOf(join(above, 'cgroup.type'))) {
    throw new Error('the system gives the controller cpu to none of its control groups');
  }
  writeFileSync(join(above, 'cgroup.subtree_control'), '+cpu');
}

/**
 * @param {Hierarchy} own
 * @param {number} share
 * @returns {readonly (readonly [string, string])[]}
 */
function quotaOf({ isSecond }, share) {
  const quota = String(share * PERIOD_US);
  if (isSecond) return [['cpu.max', `${quota} ${PERIOD_US}`]];
  return [
    ['cpu.cfs_period_us', String(PERIOD_US)],
    ['cpu.cfs_quota_us', quota],
  ];
}

/**
 * @param {string} path
 * @param {string} value
 */
function set(path, value) {
  writeFileSync(path, value);
  check(path, value);
}

/**
 * @param {Hierarchy} own
 * @param {string} folder
 * @param {number} share
 */
function checkQuota(own, folder, share) {
  for (const [file, value] of quotaOf(own, share)) check(join(folder, file), value);
}

/**
 * @param {string} path
 * @param {string} value
 */
function check(path, value) {
  const found = readFileSync(path, 'utf8').trim();
  if (found !== value) throw new Error(`${path} is ${found} where ${value} was set`);
}

/**
 * @param {Hierarchy} own
 * @param {string} from
 * @param {string} to
 */
function moveAll({ isSecond }, from, to) {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // A group of threads lists no processes; the number of a thread moves all of its process.
    const ids = wordsIn(from, isSecond ? 'cgroup.threads' : 'cgroup.procs');
    if (ids.length === 0) return;
    for (const id of ids) {
      // A process that is not seen from here; to the kernel it would mean this one.
      if (id === '0') throw new Error(`${from} has a process of another namespace`);
      try {
        writeFileSync(join(to, 'cgroup.procs'), id);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
  }
  throw new Error(`the processes in ${from} start others faster than they are moved`);
}

/**
 * @param {Hierarchy} own
 * @param {string} top
 */
async function removed(own, top) {
  for (let tries = 0; tries < REMOVALS; tries += 1) {
    if (removeNow(own, top)) return;
    await sleep(REMOVAL_MS);
  }
}

/**
 * Whether the group is gone, or was never there; its processes are in the group above.
 * @param {Hierarchy} own
 * @param {string} top
 */
function removeNow(own, top) {
  try {
    for (const each of [...foldersIn(top).map((name) => join(top, name)), top]) {
      moveAll(own, each, own.folder);
      rmdirSync(each);
    }
  } catch (error) {
    if (error.code !== 'ENOENT') return false;
  }
  giveBack(own);
  return true;
}

/**
 * The group above is as it was once it has no groups any more.
 * @param {Hierarchy} own
 */
function giveBack({ isSecond, folder }) {
  if (!isSecond || !textOf(join(folder, 'cgroup.type'))) return;
  try {
    if (foldersIn(folder).length > 0) return;
    if (!wordsIn(folder, 'cgroup.subtree_control').includes('cpu')) return;
    writeFileSync(join(folder, 'cgroup.subtree_control'), '-cpu');
  } catch {}
}

/** @param {string} folder */
function foldersIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => basename(name));
}

/**
 * @param {string} folder
 * @param {string} file
 */
function wordsIn(folder, file) {
  return readFileSync(join(folder, file), 'utf8').split(/\s+/).filter(Boolean);
}

/**
 * When a process started, in ticks since the machine did; undefined where it has ended.
 * @param {string} pid
 */
function startOf(pid) {
  // The name before may contain anything.
  return textOf(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')[19];
}

/** @param {string} path */
function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * @param {Error & { code?: string }} error
 * @param {string} folder
 */
function wordsOf({ code, message }, folder) {
  return code ? `the kernel makes no control group below ${folder} here (${code})` : message;
}
