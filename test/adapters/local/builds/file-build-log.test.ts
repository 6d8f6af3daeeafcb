import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileBuildLog } from '#adapters/local/builds/file-build-log.ts';
import { describeBuildLog } from '../../../contracts/build-log.ts';

const BEGAN_MS = Date.UTC(2026, 0, 2);

const stamped = (line: string, ms: number) => `${new Date(BEGAN_MS + ms).toISOString()} ${line}\n`;

describeBuildLog('fileBuildLog', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-builds-'));
  let builds = 0;
  return {
    log: fileBuildLog(directory),
    beganMs: BEGAN_MS,
    async write(lines) {
      builds += 1;
      const stream = `${builds}.log`;
      writeFileSync(join(directory, stream), lines.map(stamped).join(''));
      return { group: directory, stream };
    },
    close: async () => rmSync(directory, { recursive: true }),
  };
});

it('reads no file outside of its folder', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-builds-'));
  writeFileSync(`${directory}.secret`, 'secret\n');

  const log = fileBuildLog(directory);
  const stream = `../${directory.split('/').at(-1)}.secret`;

  expect(await log.tail({ group: directory, stream }, { lines: 5 })).toEqual([]);
  expect(await log.tail({ group: '/etc', stream: 'passwd' }, { lines: 5 })).toEqual([]);
  rmSync(directory, { recursive: true });
  rmSync(`${directory}.secret`);
});
