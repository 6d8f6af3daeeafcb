import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOneMachine } from '../../src/cli/one-machine.ts';
import { needing, notLinux } from '../support/needs.ts';

const NOBODY_STOPS = new AbortController().signal;

describe('an upload to a Slipway of this machine', () => {
  let folder: string;
  let server: Server;
  const taken: string[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-'));
    taken.length = 0;
    server = createServer(async (request, response) => {
      const body = await request.toArray().catch(() => undefined);
      if (!body) return;
      const text = Buffer.concat(body).toString();
      if (request.method === 'PUT') taken.push(text);
      const answer = { key: 'a', versionId: '1', sizeBytes: text.length, deploymentId: null };
      response.end(JSON.stringify({ pid: process.pid, ...answer }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const instance = { pid: process.pid, control, gateway: control };
    writeFileSync(join(folder, 'instance.json'), JSON.stringify(instance));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  needing(notLinux, () => {
    it('says so when a file is of another length than it was', async () => {
      const slipway = await openOneMachine(folder);
      // Its length is 0 until it is read.
      const file = '/proc/self/status';

      const upload = slipway.upload({ key: 'a', file, signal: NOBODY_STOPS, onSent: () => {} });

      await expect(upload).rejects.toMatchObject({
        name: 'InputInvalid',
        message: `${file} changed while it was uploaded`,
      });
      expect(taken).toEqual([]);
    });
  });
});
