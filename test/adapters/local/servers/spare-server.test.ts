import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SpareServers, spareServers } from '#adapters/local/servers/spare-server.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const GUARD = { watch: () => () => {}, close: async () => {} };
// What it is told, it says.
const AWAITS = 'process.on("message", (told) => process.send(told))';

let root: string;
let spares: SpareServers;
let children: ChildProcess[];
let availableMiB: number;
let program: string;
const timers = fakeTimers();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-spares-'));
  mkdirSync(join(root, 'artifact/weights'), { recursive: true });
  writeFileSync(join(root, 'artifact/a.onnx'), 'model');
  writeFileSync(join(root, 'artifact/weights/w.bin'), 'weights');
  children = [];
  availableMiB = 4_096;
  program = process.execPath;
  spares = spareServers({
    directory: join(root, 'spares'),
    guard: GUARD,
    timers,
    availableMiB: () => availableMiB,
    launch() {
      const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
      const child = spawn(program, ['-e', AWAITS], { stdio: [...stdio], detached: true });
      children.push(child);
      return child;
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
const ended = (child: ChildProcess | undefined) => child && once(child, 'exit');

it('there is none before what has just been started had its time', () => {
  expect(take()).toBeUndefined();
  expect(children).toEqual([]);
});

it('is told where its model is, which is a link in its own folder, and another one follows once it is ready', async () => {
  timers.advance(500);

  const taken = take();
  const [told] = await once(taken!, 'message');
  timers.advance(60_000);
  expect(children).toHaveLength(1);
  taken?.send({ ready: true });
  await once(taken!, 'message');
  timers.advance(500);

  expect(told).toEqual({ environment: { MODEL: join(root, 'spares/1/artifact') } });
  expect(readdirSync(join(root, 'spares/1/artifact'), { recursive: true }).sort()).toEqual([
    'a.onnx',
    'weights',
    'weights/w.bin',
  ]);
  expect(children).toHaveLength(2);
  expect(readdirSync(join(root, 'spares/2/artifact'))).toEqual([]);
});

it('is followed by another one also where it ends before it is ready', async () => {
  timers.advance(500);

  const taken = take();
  taken?.kill('SIGKILL');
  await ended(taken);
  timers.advance(500);

  expect(children).toHaveLength(2);
});

it('is given up when memory is short, and made again when there is enough', async () => {
  timers.advance(500);
  availableMiB = 511;

  timers.advance(5_000);
  await ended(children[0]);

  expect(take()).toBeUndefined();
  expect(existsSync(join(root, 'spares/1'))).toBe(false);

  availableMiB = 1_023;
  timers.advance(5_000);
  expect(children).toHaveLength(1);

  availableMiB = 1_024;
  timers.advance(5_000);
  expect(children).toHaveLength(2);
});

it('is not used once it has ended by itself, and not made again for a minute', async () => {
  timers.advance(500);

  children[0]?.kill('SIGKILL');
  await ended(children[0]);

  expect(take()).toBeUndefined();
  timers.advance(59_000);
  expect(children).toHaveLength(1);
  timers.advance(1_000);
  expect(children).toHaveLength(2);
});

it('ends Slipway no later where it could not be started', async () => {
  program = '/nowhere/node';
  timers.advance(500);

  await spares.close();

  expect(take()).toBeUndefined();
  expect(readdirSync(join(root, 'spares'))).toEqual([]);
});

it('is given up where a model cannot be linked into its folder, so that no other finds a part of it', async () => {
  timers.advance(500);

  const taken = spares.take(join(root, 'nowhere'), () => ({}));
  await ended(children[0]);

  expect(taken).toBeUndefined();
  expect(existsSync(join(root, 'spares/1'))).toBe(false);
});

it('ends with Slipway', async () => {
  timers.advance(500);

  await spares.close();

  expect(children[0]?.signalCode).toBe('SIGKILL');
  expect(readdirSync(join(root, 'spares'))).toEqual([]);
});
