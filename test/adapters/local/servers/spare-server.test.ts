import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launched } from '#adapters/local/servers/launch.ts';
import { type SpareServers, spareServers } from '#adapters/local/servers/spare-server.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const GUARD = { watch: () => () => {}, close: async () => {} };
// Writes its order to its scratch folder, and is ready.
const AWAITS = `
const channel = new (require('node:net').Socket)({ fd: Number(process.env.CHANNEL_FD) });
channel.once('data', (told) => {
  require('node:fs').writeFileSync('scratch/told', told);
  channel.write('{"ready":true}\\n');
}).once('close', () => process.exit());
`;
const BREAKS = 'fs.writeSync(Number(process.env.CHANNEL_FD), "x\\n"); setInterval(() => {}, 1000)';

let root: string;
let spares: SpareServers;
let children: ChildProcess[];
let availableMiB: number;
let program: string;
let breaks: boolean;
const timers = fakeTimers();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-spares-'));
  mkdirSync(join(root, 'artifact/weights'), { recursive: true });
  writeFileSync(join(root, 'artifact/a.onnx'), 'model');
  writeFileSync(join(root, 'artifact/weights/w.bin'), 'weights');
  children = [];
  availableMiB = 4_096;
  program = process.execPath;
  breaks = false;
  spares = spareServers({
    directory: join(root, 'spares'),
    guard: GUARD,
    timers,
    availableMiB: () => availableMiB,
    async launch({ path }) {
      const running = await launched({
        command: [program, '-e', breaks ? BREAKS : AWAITS],
        directory: path,
        scratch: path,
        environment: {},
      });
      children.push(running.child);
      return running;
    },
  });
  spares.keep();
});
afterEach(async () => {
  await spares.close();
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const take = () => spares.take(join(root, 'artifact'), ({ artifact }) => ({ MODEL: artifact }));
/** Resolves once it has ended, which it may have already. */
async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Lets time pass until so many servers have been started in all. */
async function started(count: number, ms = 500): Promise<void> {
  timers.advance(ms);
  await eventually(() => children.length === count);
}

it('there is none before what has just been started had its time', () => {
  expect(take()).toBeUndefined();
  expect(children).toEqual([]);
});

it('is told where its model is, which is a link in its own folder, and another one follows once it is ready', async () => {
  await started(1);

  const taken = take();
  const ready = new Promise((resolve) => taken?.channel.onMessage(resolve));
  timers.advance(60_000);
  expect(children).toHaveLength(1);
  expect(await ready).toEqual({ ready: true });
  await started(2);

  expect(JSON.parse(readFileSync(join(root, 'spares/1/scratch/told'), 'utf8'))).toEqual({
    environment: { MODEL: join(root, 'spares/1/artifact') },
  });
  expect(readdirSync(join(root, 'spares/1/artifact'), { recursive: true }).sort()).toEqual([
    'a.onnx',
    'weights',
    'weights/w.bin',
  ]);
  expect(children).toHaveLength(2);
  expect(readdirSync(join(root, 'spares/2/artifact'))).toEqual([]);
});

it('is followed by another one also where it ends before it is ready', async () => {
  await started(1);

  const taken = take();
  taken?.child.kill('SIGKILL');
  await ended(taken?.child);

  await started(2);
});

it('is given up when memory is short, and made again when there is enough', async () => {
  await started(1);
  availableMiB = 511;

  timers.advance(5_000);
  await ended(children[0]);

  expect(take()).toBeUndefined();
  expect(existsSync(join(root, 'spares/1'))).toBe(false);

  availableMiB = 1_023;
  timers.advance(5_000);
  expect(children).toHaveLength(1);

  availableMiB = 1_024;
  await started(2, 5_000);
});

it('is not used once it has ended by itself, and not made again for a minute', async () => {
  await started(1);

  children[0]?.kill('SIGKILL');
  await ended(children[0]);

  expect(take()).toBeUndefined();
  timers.advance(59_000);
  expect(children).toHaveLength(1);
  await started(2, 1_000);
});

it('ends Slipway no later where it could not be started', async () => {
  program = '/nowhere/node';
  await started(1);

  await spares.close();

  expect(take()).toBeUndefined();
  expect(readdirSync(join(root, 'spares'))).toEqual([]);
});

it('is given up where a model cannot be linked into its folder, so that no other finds a part of it', async () => {
  await started(1);

  const taken = spares.take(join(root, 'nowhere'), () => ({}));
  await ended(children[0]);

  expect(taken).toBeUndefined();
  expect(existsSync(join(root, 'spares/1'))).toBe(false);
});

it('ends with Slipway', async () => {
  await started(1);

  await spares.close();

  expect(children[0]?.signalCode).toBe('SIGKILL');
  expect(readdirSync(join(root, 'spares'))).toEqual([]);
});

it('ends with Slipway also where its process is only being made', async () => {
  timers.advance(500);

  await spares.close();

  expect(children[0]?.signalCode).toBe('SIGKILL');
  expect(readdirSync(join(root, 'spares'))).toEqual([]);
});

it('is ended where it breaks the rules of its channel before there is a model for it', async () => {
  breaks = true;

  await started(1);
  await ended(children[0]);

  expect(children[0]?.signalCode).toBe('SIGKILL');
  expect(take()).toBeUndefined();
});
