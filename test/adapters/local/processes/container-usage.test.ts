import { containerUsage } from '#adapters/local/processes/container-usage.ts';

const ID = 'a1'.repeat(32);
const MIB = 1024 * 1024;

const VERSION_1: Readonly<Record<string, string>> = {
  '/proc/7/cgroup': `4:memory:/docker/${ID}\n2:cpu,cpuacct:/docker/${ID}\n0::/docker/${ID}`,
  [`/sys/fs/cgroup/memory/docker/${ID}/memory.usage_in_bytes`]: String(300 * MIB),
  [`/sys/fs/cgroup/memory/docker/${ID}/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${100 * MIB}`,
  [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpuacct.usage`]: '2500000000',
};
const GROUP = `/system.slice/docker-${ID}.scope`;
const VERSION_2: Readonly<Record<string, string>> = {
  '/proc/7/cgroup': `0::${GROUP}`,
  [`/sys/fs/cgroup${GROUP}/memory.current`]: String(300 * MIB),
  [`/sys/fs/cgroup${GROUP}/memory.stat`]: `anon 1\ninactive_file ${100 * MIB}`,
  [`/sys/fs/cgroup${GROUP}/cpu.stat`]: 'usage_usec 2500000\nuser_usec 1',
};

const usedIn = (files: Readonly<Record<string, string>>, id = ID) => {
  const usage = containerUsage(id, 7, (path) => files[path] ?? null);
  return { memoryMiB: usage.memoryMiB(), cpuSeconds: usage.cpuSeconds() };
};

describe('what a container uses', () => {
  it.each([
    ['1', VERSION_1],
    ['2', VERSION_2],
  ])('is read from control groups of version %s, without files that can be dropped', (_, files) => {
    expect(usedIn(files)).toEqual({ memoryMiB: 200, cpuSeconds: 2.5 });
  });

  it.each([
    ['the process is another’s: the engine counts them elsewhere', VERSION_2, 'b2'.repeat(32)],
    ['nothing is there', {}, ID],
    ['the group has gone', { '/proc/7/cgroup': `0::${GROUP}` }, ID],
  ])('is not known where %s', (_, files, id) => {
    expect(usedIn(files, id)).toEqual({ memoryMiB: null, cpuSeconds: null });
  });
});
