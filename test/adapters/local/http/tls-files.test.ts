import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { httpServer } from '#adapters/local/http/http-server.ts';
import { tlsFiles } from '#adapters/local/http/tls-files.ts';
import { localCertificate } from '../../../support/bytes/certificate.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

let folder: string;
let problems: Error[];
const clock = fakeClock(Date.parse('2026-01-02T03:04:05Z'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-tls-'));
  problems = [];
});
afterEach(() => rm(folder, { recursive: true }));

const certPath = () => join(folder, 'cert.pem');
const keyPath = () => join(folder, 'key.pem');
async function put({ cert, key }: { readonly cert?: string; readonly key?: string }) {
  if (cert !== undefined) await writeFile(certPath(), cert);
  if (key !== undefined) await writeFile(keyPath(), key);
}
const opened = () =>
  tlsFiles({
    certPath: certPath(),
    keyPath: keyPath(),
    clock,
    onProblem: (error) => void problems.push(error as Error),
  });

it.each([
  ['cannot be read (ENOENT)', {}],
  ['is not a certificate in PEM', { ...localCertificate(), cert: 'nothing' }],
  ['is not a private key in PEM without a passphrase', { ...localCertificate(), key: 'nothing' }],
  ['is not the key of the certificate', { ...localCertificate(), key: localCertificate().key }],
  ['expired at 2026-01-01T00:00:00.000Z', localCertificate(2026)],
])('refuses a pair of files: %s', async (message, pair) => {
  await put(pair);

  expect(opened).toThrow(message);
});

it('takes a renewed pair for new connections, and keeps those that are open', async () => {
  const [first, second] = [localCertificate(), localCertificate()];
  await put(first);
  const tls = opened();
  const server = httpServer({}, (_asked, answer) => answer.end('yes'), tls);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const before = await connected(port);

  await put({ cert: second.cert });
  tls.look();
  expect(await seenAt(port)).toBe(first.cert);
  await put({ key: second.key });
  tls.look();

  expect(await seenAt(port)).toBe(second.cert);
  expect(await answerBy(before)).toContain('200 OK');
  expect(problems).toEqual([]);
  server.close();
  server.closeAllConnections();
});

it('reports a pair that stays unusable, once, and goes on with the one before', async () => {
  const pair = localCertificate();
  await put(pair);
  const tls = opened();
  await put({ cert: localCertificate().cert });

  tls.look();
  expect(problems).toEqual([]);
  tls.look();
  tls.look();

  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('is not the key of the certificate'),
  ]);
  expect(tls.current()).toEqual(pair);
});

function connected(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(socket)).once('error', reject);
  });
}

/** The certificate that a new connection gets, in PEM. */
async function seenAt(port: number): Promise<string> {
  const socket = await connected(port);
  const seen = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return seen;
}

async function answerBy(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  let said = '';
  for await (const chunk of socket) said += chunk;
  return said;
}
