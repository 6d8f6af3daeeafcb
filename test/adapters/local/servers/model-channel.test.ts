import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { startModelProcess } from '#adapters/local/servers/model-process.ts';
import type { ModelServer, Start } from '#adapters/local/servers/model-server.ts';

const GUARD = { watch: () => () => {}, close: async () => {} };
const LOG = { append: async () => {}, tail: async () => [] };

// A proper server, and `write`, by which a model's code writes its own lines to the channel.
const SERVER = `
const { writeSync } = require('node:fs');
const { CHANNEL_FD, LISTENING_FD } = process.env;
const write = (text) => writeSync(Number(CHANNEL_FD), text);
const server = require('node:http').createServer((request, response) => response.end('right'));
const told = (message) => write(JSON.stringify(message) + '\\n');
const listen = (then) => server.listen({ fd: Number(LISTENING_FD) }, () => then(server.address().port));
`;
const SERVES = 'listen((port) => { told({ listening: port }); told({ ready: true }); });';

let directory: string;
let servers: ModelServer[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-channel-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.kill('is not needed any more');
  rmSync(directory, { recursive: true, force: true });
});

function started(code: string, shortage?: string): ModelServer {
  const server = startModelProcess(
    {
      command: [process.execPath, '-e', SERVER + code],
      directory,
      scratch: directory,
      environment: {},
    },
    {
      memoryMiB: 512,
      startupTimeoutSeconds: 60,
      timers: realTimers,
      log: LOG,
      guard: GUARD,
      shortage: () => shortage,
    },
  );
  servers.push(server);
  return server;
}

async function answerOf(start: Start): Promise<string> {
  if (start.kind !== 'ready') throw new Error(start.reason);
  return (await fetch(start.origin)).text();
}

it('a server answers on the socket that was made for it', async () => {
  expect(await answerOf(await started(SERVES).started)).toBe('right');
});

it('a server that ends before it is ready while there are too few threads says so', async () => {
  const shortage = 'while this user had 59 of the 60 processes and threads that it may have';

  const start = await started("process.kill(process.pid, 'SIGABRT');", shortage).started;

  expect(start).toEqual({ kind: 'died', reason: `was terminated by SIGABRT, ${shortage}` });
});

it('a server that has been ready says of its end how it ended alone', async () => {
  const server = started(SERVES, 'while this user had too many threads');
  await server.started;
  process.kill(Number(server.pid()), 'SIGABRT');
  await server.ended;

  expect(server.diagnosis()).toBe('was terminated by SIGABRT');
});

it('a server begins with no descriptor of a file, whose mode it could change though the disk is closed to it', async () => {
  const kinds = `const { fstatSync } = require('node:fs');
server.removeAllListeners('request');
const kindOf = (stat) => (stat.isSocket() || stat.isFIFO() ? 'pipe' : 'file');
server.on('request', (_, response) => response.end(String([0, 1, 2, 3].map((fd) => kindOf(fstatSync(fd))))));
`;

  expect(await answerOf(await started(kinds + SERVES).started)).toBe('pipe,pipe,pipe,pipe');
});

it('takes a message in pieces', async () => {
  const pieces = `listen(() => { write('{"rea'); setImmediate(() => write('dy":true}\\n')); });`;

  expect(await answerOf(await started(pieces).started)).toBe('right');
});

describe('a server ends alone that writes to its channel', () => {
  it.each([
    ['an empty line', "write('\\n')"],
    ['a word', "write('x\\n')"],
    ['bytes that are no text', 'write(Buffer.from([0xff, 0xfe, 10]))'],
    ['JSON that is no object', "write('null\\n')"],
    ['a message of others', 'told({ environment: {} })'],
    ['a message with more than belongs to it', 'told({ ready: true, port: 1 })'],
    ["a message of Node's own channel", "told({ cmd: 'NODE_HANDLE', type: 'net.Socket' })"],
    ['a port that is none', 'told({ listening: 70000 })'],
  ])('%s', async (_, code) => {
    const start = await started(`${code}; ${SERVES}`).started;

    expect(start).toEqual({
      kind: 'died',
      reason: 'wrote to its channel what is not a message of a model server',
    });
  });

  it('a line without an end', async () => {
    const start = await started("write('['.repeat(2000)); setInterval(() => {}, 1000);").started;

    expect(start).toEqual({ kind: 'died', reason: 'wrote over 1024 bytes to its channel' });
  });

  it('the port of another', async () => {
    const { started: start } = started('told({ listening: 1 }); setInterval(() => {}, 1000);');

    expect(await start).toMatchObject({
      kind: 'died',
      reason: expect.stringMatching(/^reported that it listens on port 1, but was given port \d+$/),
    });
  });
});

it('whatever a server writes once it is ready, nobody reads it, and it is blocked itself', async () => {
  const flood = `const { Socket } = require('node:net');
listen(() => {
  told({ ready: true });
  const channel = new Socket({ fd: Number(CHANNEL_FD) });
  const flood = () => { while (channel.write('\\n['.repeat(65536))); channel.once('drain', flood); };
  flood();
});`;

  const start = await started(flood).started;

  for (let asked = 0; asked < 20; asked += 1) expect(await answerOf(start)).toBe('right');
});
