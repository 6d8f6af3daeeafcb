// The process of one machine, for bench/judging.ts: its gateway, and the step CompareAnswers that asks through it. Sends its origin to its parent, and judges when it is told to.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { systemClock } from '#adapters/clocks.ts';
import { folderCaptureKeys } from '#adapters/local/capture/folder-capture-keys.ts';
import { folderKeptLines } from '#adapters/local/capture/folder-kept-lines.ts';
import { startGateway } from '#adapters/local/gateway/gateway.ts';
import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { judgingThreads } from '#compose/machine/judging-thread.ts';
import { amongClients } from '#compose/machine/workflows.ts';
import { dayOf } from '#domain/capture/plan.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { type KeptExchange, keptLine } from '../../test/support/capture/kept-line.ts';
import { answered } from '../../test/support/memory/prober.ts';
import { memoryWorld } from '../../test/support/worlds/memory.ts';

/** The requests of clients and the answers of the live version, which the machine keeps sealed until it judges. */
export type Kept = { readonly exchanges: readonly Pick<KeptExchange, 'body' | 'answer'>[] };
/** `isApart`: on a thread of its own, else on that of the gateway. `isKept`: by the requests of clients, else by as many examples without answers. */
export type Judgement = { readonly isApart: boolean; readonly isKept: boolean };
/** The seconds in all, and of its parts: until the candidate was asked first, until it had answered last, and after that. `gatewayCpuMs` is that of the gateway's thread. */
export type Judged = {
  readonly seconds: number;
  readonly opening: number;
  readonly asking: number;
  readonly comparing: number;
  readonly compared: number;
  readonly gatewayCpuMs: number;
};

const [, , live = '', candidate = '', model = ''] = process.argv;
const ORIGINS: Readonly<Record<string, string>> = { 'm-v1': live, 'm-v2': candidate };
const HOUR_MS = 3_600_000;
const HOURS = 40;

const revisions: RevisionHost = {
  limits: () => ({ maxRequestBytes: 1e7, timeoutMs: 900_000 }),
  occupancy: () => ({ instances: 1, waiting: 0 }),
  placement: () => ({ target: 'fargate' }),
  invoke: async (revision) => ({
    kind: 'slot',
    origin: asked(revision),
    release: () => released(revision),
    diagnosis: () => undefined,
    isRepeatable: () => true,
    onRecall: () => {},
  }),
};
/** When the candidate was asked first, and when it had answered last. */
const candidateMs = { first: 0, last: 0 };
const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  revisions,
  database: new DatabaseSync(':memory:'),
  clock: systemClock,
});
await gateway.router.setShares('m', { 'm-v1': 1 }, {}, 1);

const RIGHT = answered(200, {
  outputs: [
    { name: 'total', datatype: 'FP32', shape: [1], data: [1] },
    { name: 'label', datatype: 'BYTES', shape: [1], data: ['a'] },
  ],
});

const folder = mkdtempSync(join(tmpdir(), 'judging-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const clock = systemClock;
const sides = {
  kept: await sideOf(join(folder, 'kept')),
  examples: undefined as Awaited<ReturnType<typeof sideOf>> | undefined,
};

process.on('disconnect', () => process.exit());
process.on('message', async (message: Kept | Judgement) => {
  if ('exchanges' in message) await keep(message);
  else await judge(message);
});
process.send?.(gateway.origin);

function asked(revision: string): string {
  if (revision === 'm-v2') candidateMs.first ||= performance.now();
  return ORIGINS[revision] ?? '';
}

function released(revision: string): void {
  if (revision === 'm-v2') candidateMs.last = performance.now();
}

/** A version that is about to be compared, and the step that compares it, on a thread of its own and here. */
async function sideOf(captureFolder: string, examples?: string) {
  const bytes = readFileSync(model);
  const world = memoryWorld();
  for (const revision of ['m-v1', 'm-v2']) world.behave(revision, () => RIGHT);
  await world.deploy(world.upload({ model: 'm', bytes, ...(examples && { examples }) }));
  const next = world.upload({ model: 'm', bytes: otherwiseNamed(bytes) });
  const held = await world.before('CompareAnswers', next);
  let compared = 0;
  const ports = {
    ...{ clock, artifacts: world.deps.artifacts, metrics: world.deps.metrics },
    requireApproval: false,
    comparing: amongClients(gateway.lull),
    registry: {
      ...world.registry,
      // The version stays one that is about to be compared.
      async advance(...[, , { comparison }]: Parameters<typeof world.registry.advance>) {
        compared = comparison?.answers.kept.asked ?? 0;
        return world.recordOf(held);
      },
      recordTrouble: () => world.recordOf(held),
    },
  };
  const never = async () => {
    throw new Error('one step runs at once');
  };
  const beyond = { CompareAnswers: never, JudgeBake: never };
  const environment = process.env;
  const { CompareAnswers: apart } = judgingThreads({
    ...{ ports, gateway, captureFolder, environment },
    here: beyond,
  });
  const here = compareAnswers({
    ...ports,
    router: gateway.router,
    prober: httpProber(gateway),
    keptRequests: keptRequests({
      lines: folderKeptLines(captureFolder),
      keys: folderCaptureKeys(captureFolder),
      clock,
    }),
  });
  const input = { ...held, attempt: 0 };
  return {
    async judged(isApart: boolean): Promise<Judged> {
      candidateMs.first = 0;
      const cpu = process.threadCpuUsage();
      const beganMs = performance.now();
      await (isApart ? apart(input) : here(input));
      const endMs = performance.now();
      const { user, system } = process.threadCpuUsage(cpu);
      const { first, last } = candidateMs;
      return {
        seconds: (endMs - beganMs) / 1000,
        opening: (first - beganMs) / 1000,
        asking: (last - first) / 1000,
        comparing: (endMs - last) / 1000,
        compared,
        gatewayCpuMs: (user + system) / 1000,
      };
    },
  };
}

/** The same model in other bytes: its dimension `n` has another name. */
function otherwiseNamed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll('\x12\x01n', '\x12\x01m'), 'latin1');
}

/** Spread over the hours before, so that no hour has more of them than counts. */
async function keep({ exchanges }: Kept): Promise<void> {
  const keys = await folderCaptureKeys(join(folder, 'kept')).publish('m', 'm-v1');
  const lines = folderKeptLines(join(folder, 'kept'));
  const lastMs = clock.now();
  for (const [rank, exchange] of exchanges.entries()) {
    const at = lastMs - (rank % HOURS) * HOUR_MS;
    const line = keptLine(keys, { id: `${rank}`, revision: 'm-v1', at, rank, ...exchange }, 10_000);
    await lines.add('m', dayOf(at), line);
  }
  const examples = exchanges.map(({ body }) => `{"request":${body}}\n`).join('');
  sides.examples = await sideOf(join(folder, 'none'), examples);
  process.send?.('kept');
}

async function judge({ isApart, isKept }: Judgement): Promise<void> {
  const side = isKept ? sides.kept : sides.examples;
  process.send?.(await side?.judged(isApart));
}
