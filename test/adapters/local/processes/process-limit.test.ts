import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { processShortage } from '#adapters/local/processes/process-limit.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const UID = 1000;
const limits = (most: string) =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax processes             ${most.padEnd(20)} 63432                processes\n`;
const status = (uid: number, threads: number) =>
  `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nThreads:\t${threads}\n`;

async function shortageOn(files: Readonly<Record<string, string>>, uid = UID) {
  await using folder = await temporaryFolder();
  for (const [name, content] of Object.entries({ 'proc/self/limits': limits('512'), ...files })) {
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return processShortage(folder.path, uid);
}

describe('a machine', () => {
  it('says that its user has as good as all threads that it may have, and what to do', async () => {
    const files = {
      'proc/10/status': status(UID, 300),
      'proc/11/status': status(UID, 200),
      'proc/12/status': status(0, 900),
    };

    expect(await shortageOn(files)).toBe(
      'while this user had 500 of the 512 processes and threads that it may have: raise `ulimit -u`, or undeploy models',
    );
  });

  it.each([
    ['has room for a server', { 'proc/10/status': status(UID, 400) }, UID],
    [
      'has no limit',
      { 'proc/self/limits': limits('unlimited'), 'proc/10/status': status(UID, 900) },
      UID,
    ],
    ['runs Slipway as root, which has none', { 'proc/10/status': status(0, 900) }, 0],
  ])('says nothing where it %s', async (_, files, uid) => {
    expect(await shortageOn(files, uid)).toBeUndefined();
  });

  it.each(['system.slice/slipway.service', 'system.slice'])(
    'says that the group %s has as good as all that it may have',
    async (group) => {
      const files = {
        'proc/self/cgroup': '0::/system.slice/slipway.service\n',
        [`sys/fs/cgroup/${group}/pids.max`]: '100\n',
        [`sys/fs/cgroup/${group}/pids.current`]: '99\n',
      };

      expect(await shortageOn(files, 0)).toBe(
        'while this container or service had 99 of the 100 processes and threads that it may have: raise that limit (`--pids-limit` of Docker, `TasksMax=` of systemd), or undeploy models',
      );
    },
  );

  it('says nothing of a group without a limit', async () => {
    const files = {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/pids.max': 'max\n',
      'sys/fs/cgroup/pids.current': '99\n',
    };

    expect(await shortageOn(files, 0)).toBeUndefined();
  });
});
