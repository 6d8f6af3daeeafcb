// The process of one machine, for bench/judging.ts: its gateway, and the comparison that goes through it. Sends its origin to its parent, and judges when it is told to.
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#adapters/clocks.ts';
import { comparedApart } from '#adapters/local/comparison/own-thread.ts';
import { startGateway } from '#adapters/local/gateway/gateway.ts';
import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { ASKED_AT_ONCE } from '#compose/machine/workflows.ts';
import { dayOf } from '#domain/capture/plan.ts';
import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import { TOLERATED } from '#domain/comparison/judge-comparison.ts';
import { comparedRequests } from '#domain/comparison/requests.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { APART, type Comparing } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';
import { clientRequests } from '#steps/client-requests.ts';
import { type KeptExchange, keptLine } from '../../test/support/capture/kept-line.ts';
import { memoryCapture } from '../../test/support/memory/capture.ts';

/** The requests of clients and the answers of the live version, which the machine keeps sealed until it judges. */
export type Kept = { readonly exchanges: readonly Pick<KeptExchange, 'body' | 'answer'>[] };
/** `isPaced`: at the pace of one machine, which gives way; else as in an account. Without `requests` those of clients are opened. */
export type Judgement = {
  readonly isPaced: boolean;
  readonly requests?: readonly ComparedRequest[];
};
export type Judged = { readonly seconds: number; readonly compared: number };

const [, , live = '', candidate = ''] = process.argv;
const ORIGINS: Readonly<Record<string, string>> = { 'm-v1': live, 'm-v2': candidate };
const ANSWER_TIMEOUT_MS = 10_000;
const HOUR_MS = 3_600_000;
const HOURS = 40;

const revisions: RevisionHost = {
  limits: () => ({ maxRequestBytes: 1e7, timeoutMs: 900_000 }),
  occupancy: () => ({ instances: 1, waiting: 0 }),
  placement: () => ({ target: 'fargate' }),
  invoke: async (revision) => ({
    kind: 'slot',
    origin: ORIGINS[revision] ?? '',
    release: () => {},
    diagnosis: () => undefined,
    isRepeatable: () => true,
    onRecall: () => {},
  }),
};
const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  revisions,
  database: new DatabaseSync(':memory:'),
  clock: systemClock,
});
await gateway.router.setShares('m', { 'm-v1': 1 }, {}, 1);
const prober = httpProber(gateway);
const ask = (revision: string) => {
  const address = gateway.router.testPath({ target: 'fargate', revision });
  return (request: GoldenRequest) => prober.send(address, 'm', request, ANSWER_TIMEOUT_MS);
};

const clock = systemClock;
const capture = memoryCapture(clock);

process.on('message', async (message: Kept | Judgement) => {
  if ('exchanges' in message) await keep(message);
  else await judge(message);
});
process.send?.(gateway.origin);

/** Spread over the hours before, so that no hour has more of them than counts. */
async function keep({ exchanges }: Kept): Promise<void> {
  const keys = await capture.captureKeys.publish('m', 'm-v1');
  const lastMs = clock.now();
  for (const [rank, exchange] of exchanges.entries()) {
    const at = lastMs - (rank % HOURS) * HOUR_MS;
    const line = keptLine(keys, { id: `${rank}`, revision: 'm-v1', at, rank, ...exchange }, 10_000);
    await capture.keptLines.add('m', dayOf(at), line);
  }
  process.send?.('kept');
}

async function judge({ isPaced, requests }: Judgement): Promise<void> {
  const began = performance.now();
  const comparing = isPaced
    ? { atOnce: ASKED_AT_ONCE, giveWay: gateway.lull, compare: comparedApart }
    : APART;
  const { kept } = await askBoth({
    requests: requests ?? (await keptOfClients(comparing)),
    live: ask('m-v1'),
    candidate: ask('m-v2'),
    comparing,
    monotonicMs: () => performance.now(),
    tolerated: TOLERATED,
    truth: { margin: 0.02 },
  });
  const judged: Judged = { seconds: (performance.now() - began) / 1000, compared: kept.asked };
  process.send?.(judged);
}

async function keptOfClients(comparing: Comparing): Promise<readonly ComparedRequest[]> {
  const version = { work: {}, lines: [] };
  return comparedRequests({
    ...{ before: version, after: version, golden: null, seed: 'judging' },
    sent: await clientRequests(
      { ...capture, comparing, clock },
      { model: 'm', live: 1, judged: 2 },
    ),
  });
}
