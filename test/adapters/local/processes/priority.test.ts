import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import {
  lowerPriority,
  mayRaisePriority,
  raisePriority,
} from '#adapters/local/processes/priority.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { needing } from '../../../support/needs.ts';

const NORMAL = getPriority();
const LOW = Math.min(19, NORMAL + 3);
const missingThreads = existsSync('/proc/self/task') ? undefined : 'there is no /proc';
const groupOf = (pid: number | string) => readFileSync(`/proc/${pid}/autogroup`, 'utf8');
const missingGroups = existsSync('/proc/self/autogroup')
  ? undefined
  : 'this kernel groups no sessions (/proc/self/autogroup)';

describe('the priority of a process that nobody waits for', () => {
  const running: ChildProcess[] = [];
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  /** A Node that runs until it is killed, with several threads. */
  async function started({ detached }: { readonly detached: boolean }): Promise<number> {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], {
      detached,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    running.push(child);
    await once(child.stdout, 'data');
    return child.pid ?? 0;
  }

  it('is lower than that of what serves', async () => {
    const pid = await started({ detached: true });

    lowerPriority(pid);

    expect(getPriority(pid)).toBe(LOW);
    expect(getPriority()).toBe(NORMAL);
  });

  needing(missingThreads, () => {
    it('is that of all its threads', async () => {
      const pid = await started({ detached: true });

      lowerPriority(pid);

      const threads = readdirSync(`/proc/${pid}/task`).map(Number);
      expect(threads.length).toBeGreaterThan(1);
      expect(new Set(threads.map((thread) => getPriority(thread)))).toEqual(new Set([LOW]));
    });
  });

  needing(missingGroups, () => {
    it('is that of the session it leads', async () => {
      const pid = await started({ detached: true });

      lowerPriority(pid);

      await eventually(() => groupOf(pid).endsWith(` nice ${LOW}\n`));
    });

    it('is that of each session where several are lowered at once, which Linux does one by one for who is no administrator', async () => {
      const pids = await Promise.all([1, 2, 3].map(() => started({ detached: true })));

      for (const pid of pids) lowerPriority(pid);

      await eventually(() => pids.every((pid) => groupOf(pid).endsWith(` nice ${LOW}\n`)));
    });

    it('leaves alone the session of a terminal that it runs in', async () => {
      const pid = await started({ detached: false });
      const before = groupOf('self');

      lowerPriority(pid);

      expect(getPriority(pid)).toBe(LOW);
      expect(groupOf('self')).toBe(before);
    });
  });

  it('goes back to that of what serves where that is allowed', async () => {
    const pid = await started({ detached: true });
    lowerPriority(pid);

    raisePriority(pid);

    expect(getPriority(pid)).toBe(mayRaisePriority() ? NORMAL : LOW);
  });

  it('changes nothing where the process has ended or never began', async () => {
    const pid = await started({ detached: true });
    const [child] = running;
    child?.kill('SIGKILL');
    if (child) await once(child, 'exit');

    expect(() => lowerPriority(pid)).not.toThrow();
    expect(() => lowerPriority(undefined)).not.toThrow();
  });

  it('of this process is as it was, whether it may be raised or not', () => {
    mayRaisePriority();

    expect(getPriority()).toBe(NORMAL);
  });
});
