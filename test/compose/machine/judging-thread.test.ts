import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { folderCaptureKeys } from '#adapters/local/capture/folder-capture-keys.ts';
import { folderKeptLines } from '#adapters/local/capture/folder-kept-lines.ts';
import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import { judgingThreads } from '#compose/machine/judging-thread.ts';
import type { StepPorts } from '#compose/step-ports.ts';
import { dayOf } from '#domain/capture/plan.ts';
import { Failure } from '#domain/failure.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { keptLine } from '../../support/capture/kept-line.ts';
import { eventually } from '../../support/clock/eventually.ts';
import { gatewayWorld } from '../../support/gateway/world.ts';
import { identityModel } from '../../support/models/onnx.ts';
import { needing, notLinux } from '../../support/needs.ts';
import { memoryWorld } from '../../support/worlds/memory.ts';

const ROWS = Array.from({ length: 40 }, (_, row) => [row, row * row - 40]);
const body = (row: readonly number[]) =>
  JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: row }] });
const answer = (row: readonly number[], by: number) =>
  JSON.stringify({
    outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: row.map((value) => value * by) }],
  });
const EXAMPLES = ROWS.slice(0, 25)
  .map((row) => `{"request":${body(row)}}`)
  .join('\n');

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** An upgrade whose candidate is about to be compared: its server answers each number `by` times as large. Examples, and requests that clients sent, are there to ask. */
async function upgrade({
  by = 1,
  ports = () => ({}),
}: {
  readonly by?: number;
  readonly ports?: (deps: StepPorts) => Partial<StepPorts>;
} = {}) {
  const { gateway, revisions, close } = await gatewayWorld();
  opened.push(close);
  const asked: string[] = [];
  for (const [revision, times] of Object.entries({ 'digits-v1': 1, 'digits-v2': by })) {
    await revisions.serve(revision, async (request, response) => {
      const { inputs } = JSON.parse(Buffer.concat(await request.toArray()).toString());
      asked.push(`${revision} ${request.headers['x-slipway-own']}`);
      response.end(answer(inputs[0].data, times));
    });
  }
  const world = memoryWorld();
  await world.deploy(world.upload({ bytes: model('n'), examples: EXAMPLES }));
  const held = await world.before('CompareAnswers', world.upload({ bytes: model('rows') }));

  const captureFolder = mkdtempSync(join(tmpdir(), 'kept-'));
  opened.push(async () => rmSync(captureFolder, { recursive: true }));
  const [keys, lines] = [folderCaptureKeys(captureFolder), folderKeptLines(captureFolder)];
  const publicKeys = await keys.publish('digits', 'digits-v1');
  const at = world.clock.now() - 1000;
  for (const [rank, row] of ROWS.entries()) {
    const exchange = { body: body(row), answer: answer(row, 1) };
    const line = { id: `${rank}`, revision: 'digits-v1', at, rank, ...exchange };
    await lines.add('digits', dayOf(at), keptLine(publicKeys, line));
  }

  const deps = { ...world.deps, ...ports(world.deps) };
  const here: string[] = [];
  const beyond = (step: string) => async () => void here.push(step);
  const threads = judgingThreads({
    ...{ ports: deps, gateway, captureFolder, environment: process.env },
    here: { CompareAnswers: beyond('CompareAnswers'), JudgeBake: beyond('JudgeBake') },
  });
  opened.push(threads.stop);
  const input = { ...held, attempt: 0 };
  return {
    ...{ world, held, asked, gateway, threads, stepsHere: here },
    apart: () => threads.CompareAnswers(input),
    here: () =>
      compareAnswers({
        ...deps,
        router: gateway.router,
        prober: httpProber(gateway),
        keptRequests: keptRequests({ lines, keys, clock: world.clock }),
      })(input),
    /** But for the names that each world has for itself. */
    async comparison() {
      const { comparison } = (await world.recordOf(held)).work;
      return comparison && { ...comparison, beside: comparison.beside.version };
    },
  };
}

function model(dimension: string): Uint8Array {
  return identityModel({ datatype: 'FP32', shape: [dimension, 2] });
}

it.each([
  ['the same', 1, 'passed'],
  ['otherwise', 3, 'blocked'],
])(
  'comes to the same verdict on a version that answers %s as on the thread of the gateway',
  async (_, by, kind) => {
    const [one, other] = [await upgrade({ by }), await upgrade({ by })];

    expect(await one.apart()).toMatchObject({ kind });
    expect(await other.here()).toMatchObject({ kind });

    const found = await one.comparison();
    expect(found).toEqual(await other.comparison());
    expect(found?.answers.sources?.[0]).toMatchObject({
      from: 'kept requests of clients',
      asked: 40,
    });
    expect(one.asked).toEqual(other.asked);
    expect(new Set(one.asked)).toEqual(new Set(['digits-v1 1', 'digits-v2 1']));
  },
);

it('fails as the port that failed', async () => {
  const { apart } = await upgrade({
    ports: ({ registry }) => ({
      registry: {
        ...registry,
        async model() {
          throw new Failure('PlatformThrottled', 'too many reads', { fix: 'Wait.' });
        },
      },
    }),
  });

  await expect(apart()).rejects.toMatchObject({
    name: 'PlatformThrottled',
    message: 'too many reads',
    fix: 'Wait.',
  });
});

it('fails where an answer cannot be given to another thread', async () => {
  const { apart } = await upgrade({
    ports: ({ registry }) => ({
      registry: { ...registry, model: async () => (() => 'a function') as never },
    }),
  });

  await expect(apart()).rejects.toThrow(/could not be cloned/);
});

it('fails, and records nothing, where its thread ends before it has judged', async () => {
  const reached = Promise.withResolvers<void>();
  const { apart, threads, comparison } = await upgrade({
    ports: ({ registry }) => ({
      registry: {
        ...registry,
        async model() {
          reached.resolve();
          return new Promise<never>(() => undefined);
        },
      },
    }),
  });

  const judging = expect(apart()).rejects.toThrow('the thread of CompareAnswers ended with 1');
  await reached.promise;
  await threads.stop();
  await judging;

  expect(await comparison()).toBeUndefined();
});

it('leaves the third of three steps at once to the thread of the gateway', async () => {
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const { apart, threads, stepsHere } = await upgrade({
    ports: ({ registry }) => ({
      registry: {
        ...registry,
        async model() {
          await held;
          throw new Error('it ends');
        },
      },
    }),
  });
  const two = Promise.allSettled([apart(), apart()]);

  // On a thread it would fail: there is no such deployment.
  await Promise.allSettled([threads.JudgeBake({ deploymentId: 'd', epoch: 1, attempt: 0 })]);
  expect(stepsHere).toEqual(['JudgeBake']);

  resolve();
  const ended = { status: 'rejected', reason: { message: 'it ends' } };
  expect(await two).toMatchObject([ended, ended]);
  await expect(apart()).rejects.toThrow('it ends');
  expect(stepsHere).toEqual(['JudgeBake']);
});

it('refuses an input that is wrong, as each step does', async () => {
  const { threads } = await upgrade();

  await expect(threads.CompareAnswers({})).rejects.toMatchObject({ name: 'InputInvalid' });
});

it('lets clients go first', async () => {
  let turns = 0;
  const { apart, gateway } = await upgrade({
    ports: ({ comparing }) => ({
      comparing: {
        ...comparing,
        async giveWay() {
          turns += 1;
        },
      },
    }),
  });
  // As the gateway counts while a client waits for an answer.
  gateway.clientCounts[0] = 1;

  await apart();

  expect(turns).toBeGreaterThan(2 * ROWS.length);
});

needing(notLinux, () => {
  it('gives way to the threads that answer clients, and uses a thread again', async () => {
    const before = new Set(niceOfThreads().keys());
    const { apart, threads } = await upgrade();
    const low = () =>
      [...niceOfThreads()].filter(
        ([thread, nice]) => !before.has(thread) && nice === Math.max(getPriority(), 10),
      );

    const judging = apart();
    await eventually(() => low().length === 1);
    await judging;
    const [first] = low();
    await apart();
    expect(low()).toEqual([first]);

    await threads.stop();
    await turn();
    expect(low()).toEqual([]);
  });
});

needing(notLinux, () => {
  it('ends the thread of a step that failed, and with it the calls that nobody waits for', async () => {
    const before = new Set(niceOfThreads().keys());
    const { apart } = await upgrade({
      ports: ({ registry }) => ({
        registry: {
          ...registry,
          async model() {
            throw new Error('it ends');
          },
        },
      }),
    });

    await expect(apart()).rejects.toThrow('it ends');

    const low = [...niceOfThreads()].filter(
      ([thread, nice]) => !before.has(thread) && nice === Math.max(getPriority(), 10),
    );
    expect(low).toEqual([]);
  });
});

/** The niceness of the threads of this process by their ids. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function niceOfThreads(): ReadonlyMap<string, number> {
  return new Map(
    readdirSync('/proc/self/task').flatMap((thread) => {
      try {
        const said = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
        return [[thread, Number(said.split(') ')[1]?.split(' ')[16])] as const];
      } catch {
        // It has ended by now.
        return [];
      }
    }),
  );
}
