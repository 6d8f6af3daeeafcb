// Stands for Slipway among enemies: starts model servers as Slipway does, one that is called all the time, and beside it enemies that do whatever they can: `node enemy-host.ts OPTIONS_JSON`.
// Ends after so many enemies, or seconds, with an `Aftermath` as JSON. An attack that ends or stalls this process would have ended or stalled Slipway.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { orphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { startModelProcess } from '#adapters/local/servers/model-process.ts';
import { servingLimits, wallsVariable } from '#adapters/local/servers/walls.ts';
import { ENEMY, LAUNCHER, MACHINE } from './canaries.ts';

export type Fight = {
  /** A separate folder. */
  readonly root: string;
  readonly seed: number;
  readonly enemies: number;
  readonly atOnce: number;
  readonly attempts: number;
  /** It goes on with further enemies for at least as long. */
  readonly seconds: number;
};

export type Aftermath = {
  readonly enemies: number;
  /** How each ended, and how often. */
  readonly ends: Readonly<Record<string, number>>;
  /** How often each kind of attempt went through: within its own walls most may. */
  readonly done: Readonly<Record<string, number>>;
  /** The other model's and the host's own requests, those that were not answered right, and the longest (ms), for who reads it. */
  readonly asked: number;
  /** The fewest of them that were answered from the beginning of an enemy to its end. */
  readonly leastAsked: number;
  readonly wrong: readonly string[];
  readonly slowestMs: number;
  /** The changes of the nice value and the processors of the host and of the other model, and of the folder outside. */
  readonly changed: readonly string[];
};

const SERVES = `
const { writeSync } = require('node:fs');
const { CHANNEL_FD, LISTENING_FD } = process.env;
const told = (message) => writeSync(Number(CHANNEL_FD), JSON.stringify(message) + '\\n');
const server = require('node:http').createServer((request, response) => response.end('right'));
server.listen({ fd: Number(LISTENING_FD) }, () => {
  told({ listening: server.address().port });
  told({ ready: true });
});
`;
const EACH_MS = 20;
/** The same number as in `enemy.py`. */
const DONE_BYTES = 2_000;
const LOG = { append: async () => {}, tail: async () => [] };

const { root, seed, enemies, atOnce, attempts, seconds }: Fight = JSON.parse(process.argv[2] ?? '');
const guard = orphanGuard();
const python = String(MACHINE.python);
const outside = join(root, 'outside');
mkdirSync(outside);
writeFileSync(join(outside, 'secret'), 'x');
createSocketServer((socket) => socket.destroy()).listen(join(outside, 'socket'));

const host = createServer((_, response) => response.end('right')).listen(0, '127.0.0.1');
await new Promise((resolve) => host.once('listening', resolve));
const { port } = host.address() as AddressInfo;

/** A model server behind all walls of this machine. */
function started(name: string, command: readonly string[]) {
  const scratch = join(root, name);
  mkdirSync(scratch);
  const within = {
    read: [ENEMY],
    write: [scratch],
    execute: [command[0] ?? ''],
    limits: servingLimits(512),
  };
  const server = startModelProcess(
    {
      command: [python, '-I', '-S', LAUNCHER, ...command],
      directory: scratch,
      scratch,
      environment: { PATH: '/usr/bin:/bin', ...wallsVariable(MACHINE, within) },
    },
    {
      memoryMiB: 512,
      startupTimeoutSeconds: 30,
      timers: realTimers,
      log: LOG,
      guard,
      shortage: () => undefined,
    },
  );
  return { server, scratch };
}

const other = started('other', [process.execPath, '-e', SERVES]);
const start = await other.server.started;
if (start.kind !== 'ready') throw new Error(start.reason);
const otherPid = Number(other.server.pid());

let isOver = false;
let asked = 0;
let leastAsked = Number.MAX_SAFE_INTEGER;
let slowestMs = 0;
const wrong: string[] = [];

async function askOn(url: string): Promise<void> {
  while (!isOver) {
    const beganMs = realTimers.nowMs();
    const said = await fetch(url)
      .then((answer) => answer.text())
      .catch((error: Error) => String(error.cause ?? error));
    asked += 1;
    slowestMs = Math.max(slowestMs, realTimers.nowMs() - beganMs);
    if (said !== 'right') wrong.push(`${url}: ${said}`);
    await pause(EACH_MS);
  }
}

const standing = () =>
  JSON.stringify({
    ...Object.fromEntries([process.pid, otherPid].map((pid) => [pid, scheduling(pid)])),
    // Each server begins with descriptors that it did not open itself.
    devices: ['/dev/null', '/dev/zero'].map((path) => statSync(path).mode),
    files: readdirSync(outside),
    secret: readFileSync(join(outside, 'secret'), 'utf8'),
  });

/** Priority, nice value, policy and processors. */
function scheduling(pid: number): readonly (string | undefined)[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return [stat[16], stat[38], /Cpus_allowed:.*/.exec(status)?.[0]];
}

const ends = new Map<string, number>();
const done = new Map<string, number>();
const count = (counts: Map<string, number>, name: string, times = 1) =>
  counts.set(name, (counts.get(name) ?? 0) + times);

async function fight(number: number): Promise<void> {
  const askedBefore = asked;
  const given = [seed + number, attempts, port, otherPid, other.scratch, outside].map(String);
  const { server, scratch } = started(`enemy-${number}`, [python, ENEMY, ...given]);
  const { kind } = await server.started;
  // It is asked as by the gateway, which waits for its end as long as it may take.
  const ask =
    kind === 'ready'
      ? server.started.then((begun) =>
          fetch(begun.kind === 'ready' ? begun.origin : '', {
            signal: AbortSignal.timeout(1_000),
          }).then((answer) => answer.text()),
        )
      : Promise.resolve('');
  await ask.catch(() => undefined);
  await Promise.race([server.ended, pause(5_000, undefined, { ref: false })]);
  await server.kill('has fought');
  leastAsked = Math.min(leastAsked, asked - askedBefore);
  count(ends, server.diagnosis() ?? 'ended');
  for (const [name, times] of Object.entries(doneBy(scratch))) count(done, name, times);
}

function doneBy(scratch: string): Record<string, number> {
  try {
    // Text that the enemy wrote to every descriptor may follow.
    return JSON.parse(readFileSync(join(scratch, 'done')).toString('latin1', 0, DONE_BYTES));
  } catch {
    return {};
  }
}

const before = standing();
const asking = [askOn(start.origin), askOn(`http://127.0.0.1:${port}`)];
const untilMs = realTimers.nowMs() + seconds * 1_000;
let begun = 0;
async function fightOn(): Promise<void> {
  while (begun < enemies || realTimers.nowMs() < untilMs) {
    begun += 1;
    await fight(begun);
  }
}
await Promise.all(Array.from({ length: atOnce }, fightOn));
isOver = true;
await Promise.all(asking);
const after = standing();
const died = other.server.diagnosis();
await other.server.kill('is not needed any more');
await guard.close();
const aftermath: Aftermath = {
  enemies: begun,
  ends: Object.fromEntries(ends),
  done: Object.fromEntries(done),
  asked,
  leastAsked,
  wrong: died ? [...wrong, `the other model ${died}`] : wrong,
  slowestMs,
  changed: after === before ? [] : [before, after],
};
process.stdout.write(JSON.stringify(aftermath), () => process.exit(0));
