import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../../../support/clock/eventually.ts';
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { needing } from '../../../support/needs.ts';

type Group = {
  readonly name: string;
  enter(pid: number): void;
  hold(share: number | undefined): void;
  remove(): Promise<void>;
};

const { cpuGroup, removeLeftGroups } = await import(
  pathToFileURL(join(COMMANDS, 'cpu-groups.mjs')).href
);

/** Why none can be made here; undefined where one can. */
async function whyNone(): Promise<string | undefined> {
  try {
    await (cpuGroup([1]) as Group).remove();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const missing = await whyNone();
const onFirst = existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
const notFirst = onFirst ? undefined : 'its files are named for cgroups of version 1';

// So small that a process uses it up even where many others compute: at half of a core it would not, beside three others on one.
const SMALL = 0.02;

const tests = () => {
  let busy: ChildProcess;

  beforeEach(async () => {
    // The shell has a child of its own, and both compute.
    busy = spawn('sh', ['-c', 'while :; do :; done & echo begun; while :; do :; done'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (busy.stdout) await once(busy.stdout, 'data');
  });
  afterEach(() => {
    process.kill(-(busy.pid ?? 0), 'SIGKILL');
  });

  const placeOf = (pid: number | undefined) =>
    /^\d+:[^:]*\bcpu\b[^:]*:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  const folderOf = (group: Group) => join('/sys/fs/cgroup/cpu', placeOf(process.pid), group.name);

  it('holds a process and what it starts afterwards, and lets it go again', async () => {
    const before = placeOf(busy.pid);
    const group: Group = cpuGroup([1, SMALL]);

    group.enter(busy.pid ?? 0);
    group.hold(SMALL);

    const held = join(folderOf(group), String(SMALL));
    expect(placeOf(busy.pid)).toBe(held.slice('/sys/fs/cgroup/cpu'.length));
    expect(readFileSync(join(held, 'cpu.cfs_quota_us'), 'utf8')).toBe('2000\n');
    await eventually(() =>
      /^nr_throttled [1-9]/m.test(readFileSync(join(held, 'cpu.stat'), 'utf8')),
    );
    group.hold(undefined);
    expect(readFileSync(join(held, 'cgroup.procs'), 'utf8')).toBe('');
    await group.remove();
    expect(placeOf(busy.pid)).toBe(before);
    expect(existsSync(folderOf(group))).toBe(false);
  });

  it('is known not to have held where somebody took it away', async () => {
    const group: Group = cpuGroup([0.5]);
    try {
      group.enter(busy.pid ?? 0);
      group.hold(0.5);
      writeFileSync(join(folderOf(group), '0.5', 'cpu.cfs_quota_us'), '-1');

      expect(() => group.hold(undefined)).toThrow('is -1 where 50000 was set');
      expect(placeOf(busy.pid)).toMatch(/\/0[.]5$/);
    } finally {
      await group.remove();
    }
  });

  it('leaves no group where the kernel refuses one of its quotas', () => {
    // Less than a millisecond of a period: https://docs.kernel.org/scheduler/sched-bwc.html
    expect(() => cpuGroup([1, 0.001])).toThrow(/makes no control group below .* \(EINVAL\)$/);
  });

  it('of a maker that was killed is removed by the next one, and a group of others is not', async () => {
    const made = `const { cpuGroup } = await import(${JSON.stringify(join(COMMANDS, 'cpu-groups.mjs'))});
const group = cpuGroup([0.5]);
group.enter(${busy.pid});
group.hold(0.5);
console.log(group.name);
process.kill(process.pid, 'SIGKILL');`;
    const { out } = await run(process.execPath, ['--input-type=module', '-e', made], '', {});
    const own: Group = cpuGroup([1]);
    const left = join(dirname(folderOf(own)), out.trim());
    const foreign = `${left}-of-others`;
    mkdirSync(foreign);
    try {
      expect(existsSync(left)).toBe(true);

      await removeLeftGroups();

      expect(existsSync(left)).toBe(false);
      expect([foreign, folderOf(own)].map((each) => existsSync(each))).toEqual([true, true]);
      expect(placeOf(busy.pid)).toBe(placeOf(process.pid));
    } finally {
      rmdirSync(foreign);
      await own.remove();
    }
  });
};

describe('a quota of CPU time', () => needing(missing ?? notFirst, tests));
