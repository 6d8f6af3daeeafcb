import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Environment,
  type EnvironmentSpares,
  environmentSpares,
} from '#adapters/local/servers/environment-spares.ts';
import { launched as launchedServer } from '#adapters/local/servers/launch.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const GUARD = { watch: () => () => {}, close: async () => {} };
const WAITS = `
const channel = new (require('node:net').Socket)({ fd: Number(process.env.CHANNEL_FD) });
channel.once('data', () => channel.write('{"ready":true}\\n')).once('close', () => process.exit());
`;

let root: string;
let spares: EnvironmentSpares;
let launched: { readonly environment: Environment; readonly child: ChildProcess }[];
let availableMiB: number;
const timers = fakeTimers();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-spares-'));
  mkdirSync(join(root, 'image/model'), { recursive: true });
  writeFileSync(join(root, 'image/model/a.pkl'), 'model');
  launched = [];
  availableMiB = 8_192;
  spares = environmentSpares({
    directory: join(root, 'spares'),
    guard: GUARD,
    timers,
    availableMiB: () => availableMiB,
    async launch(environment, { path }) {
      const running = await launchedServer({
        command: [process.execPath, '-e', WAITS],
        directory: path,
        scratch: path,
        environment: {},
      });
      launched.push({ environment, child: running.child });
      return running;
    },
  });
});
afterEach(async () => {
  await spares.close();
  for (const { child } of launched) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function environment(name: string, about: Partial<Environment> = {}): Environment {
  const folder = join(root, 'environments', name);
  mkdirSync(folder, { recursive: true });
  const given = { format: 'sklearn', network: 'none', brings: 'data', memoryMiB: 512 };
  return { folder, ...given, ...about };
}

const take = (from: Environment) => spares.take(from, join(root, 'image'), () => ({}));
/** Lets time pass until so many servers have been started in all. */
async function started(count: number, ms = 0): Promise<void> {
  timers.advance(ms);
  await eventually(() => launched.length === count);
}
/** Resolves once it has ended, which it may have already. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
/** The spares that have not ended, by the names of their environments. */
const waiting = () =>
  launched
    .filter(({ child }) => child.exitCode === null && child.signalCode === null)
    .map(({ environment: { folder } }) => folder.split('/').at(-1));

it('one waits in an environment once a server was started there, and another one once that is ready which took it', async () => {
  const forest = environment('forest');
  expect(take(forest)).toBeUndefined();

  spares.serves(forest);
  await started(1, 500);

  const taken = take(forest);
  const ready = new Promise((resolve) => taken?.channel.onMessage(resolve));
  expect(taken?.child).toBe(launched[0]?.child);
  expect(take(forest)).toBeUndefined();
  await ready;
  await started(2, 500);
  expect(take(forest)?.child).toBe(launched[1]?.child);
  expect(existsSync(join(root, 'spares/1/1/artifact/model/a.pkl'))).toBe(true);
});

it('one waits at once where a model is being built, which no server was started for yet', async () => {
  const forest = environment('forest');

  spares.expects(forest);
  spares.expects(forest);
  await started(1);

  expect(waiting()).toEqual(['forest']);
  expect(take(forest)?.child).toBe(launched[0]?.child);
});

it.each([{ format: 'xgboost' }, { network: 'open' }, { memoryMiB: 1_024 }])(
  'is not taken for a model that differs in %o',
  async (other) => {
    spares.serves(environment('forest'));
    await started(1, 500);

    expect(take(environment('forest', other))).toBeUndefined();
    expect(waiting()).toEqual(['forest']);
  },
);

it('waits in the two environments in which a server was started last', async () => {
  spares.serves(environment('a'));
  await started(1, 500);
  spares.serves(environment('b'));
  await started(2, 500);
  spares.serves(environment('a'));

  spares.serves(environment('c'));
  await started(3, 500);
  await ended(launched[1]!.child);

  expect(waiting().sort()).toEqual(['a', 'c']);
});

it('does not wait any more once Slipway ends', async () => {
  await spares.close();

  spares.serves(environment('forest'));
  spares.expects(environment('forest'));
  timers.advance(500);

  expect(launched).toEqual([]);
});

it('is given up with its environment', async () => {
  const forest = environment('forest');
  spares.serves(forest);
  await started(1, 500);
  spares.serves(environment('other'));
  await started(2, 500);
  rmSync(forest.folder, { recursive: true });

  spares.tidy();
  await ended(launched[0]!.child);

  expect(waiting()).toEqual(['other']);
});

it('is given up, and not taken, once another environment lies where its own did, which its walls do not let it read', async () => {
  const forest = environment('forest');
  spares.serves(forest);
  await started(1, 500);
  renameSync(forest.folder, `${forest.folder}.removed`);
  const again = environment('forest');

  expect(take(again)).toBeUndefined();
  await ended(launched[0]!.child);
  spares.expects(again);
  await started(2);
  expect(take(again)?.child).toBe(launched[1]?.child);
});

it('is given up by a look once another environment lies where its own did', async () => {
  const forest = environment('forest');
  spares.serves(forest);
  await started(1, 500);
  renameSync(forest.folder, `${forest.folder}.removed`);
  environment('forest');

  spares.tidy();
  await ended(launched[0]!.child);

  expect(waiting()).toEqual([]);
});

it('is made where 2 GiB are left, and kept while there is 1', async () => {
  availableMiB = 2_047;
  spares.serves(environment('forest'));
  timers.advance(500);
  expect(launched).toEqual([]);

  availableMiB = 2_048;
  await started(1, 5_000);
  expect(waiting()).toEqual(['forest']);

  availableMiB = 1_023;
  timers.advance(5_000);
  await ended(launched[0]!.child);
  expect(waiting()).toEqual([]);
});
