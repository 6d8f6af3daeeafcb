import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { findInstance } from '../../src/cli/client.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const NOBODY = 2 ** 30;

/** Writes the file of a data folder, which names `pid` and the port of a server that answers as `answer` says, or not at all. */
async function serverOf(dataDir: string, answer: string | null, pid = process.pid) {
  const server = createServer((_, response) => {
    if (answer !== null) response.end(answer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(dataDir, 'instance.json'), JSON.stringify({ pid, control, gateway: control }));
  return server;
}

/** Looks on a data folder whose file names this process, or `pid`; its port is answered as `answer` says, or not at all. */
async function lookedFor(
  answer: string | null,
  { pid = process.pid, longestMs }: { pid?: number; longestMs?: number } = {},
) {
  await using folder = await temporaryFolder();
  await using server = await serverOf(folder.path, answer, pid);
  const found = await findInstance(folder.path, longestMs).catch((error: Error) => error.message);
  server.closeAllConnections();
  return typeof found === 'string' ? found.replace(folder.path, 'DIR') : found;
}

describe('the Slipway of a data folder', () => {
  it('is found where its process answers', async () => {
    const { pid } = process;

    expect(await lookedFor(JSON.stringify({ pid }))).toMatchObject({ pid });
  });

  it('is said to be busy, and not to be gone, where its process runs and does not answer in time', async () => {
    expect(await lookedFor(null, { longestMs: 50 })).toBe(
      `the Slipway of the data folder DIR runs as process ${process.pid}, and has not answered in 0.05 s: it is busy`,
    );
  });

  it('may take a minute to answer', async () => {
    const timeout = AbortSignal.timeout;
    const limits: number[] = [];
    AbortSignal.timeout = (ms) => {
      limits.push(ms);
      return timeout.call(AbortSignal, ms);
    };

    await lookedFor(JSON.stringify({ pid: process.pid }));
    AbortSignal.timeout = timeout;

    expect(limits[0]).toBe(60_000);
  });

  it('is said to be busy by doctor too', async () => {
    await using folder = await temporaryFolder();
    await using server = await serverOf(folder.path, null);

    const findings = await doctor({ data: folder.path }, 50);
    server.closeAllConnections();

    expect(findings.map(({ says }) => says)).toContainEqual(
      `runs as process ${process.pid}, and has not answered in time: it is busy`,
    );
  });

  it.each([
    { of: 'its process was killed', answer: null, pid: NOBODY },
    { of: 'another program has its port', answer: 'a page', pid: process.pid },
    { of: 'another Slipway has its port', answer: '{"pid":7}', pid: process.pid },
  ])('is said not to run where $of', async ({ answer, pid }) => {
    expect(await lookedFor(answer, { pid })).toBe('no Slipway is running with the data folder DIR');
  });
});
