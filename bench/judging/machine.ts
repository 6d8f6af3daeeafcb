// The process of one machine, for bench/judging.ts: its gateway, and the comparison that goes through it. Sends its origin to its parent, and judges when it is told to.
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#adapters/clocks.ts';
import { comparedApart } from '#adapters/local/comparison/own-thread.ts';
import { startGateway } from '#adapters/local/gateway/gateway.ts';
import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { ASKED_AT_ONCE } from '#compose/machine/workflows.ts';
import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import { TOLERATED } from '#domain/comparison/judge-comparison.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { APART } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';

/** `isPaced`: at the pace of one machine, which gives way; else as in an account. */
export type Judgement = {
  readonly isPaced: boolean;
  readonly requests: readonly ComparedRequest[];
};
export type Judged = { readonly seconds: number; readonly compared: number };

const [, , live = '', candidate = ''] = process.argv;
const ORIGINS: Readonly<Record<string, string>> = { 'm-v1': live, 'm-v2': candidate };
const ANSWER_TIMEOUT_MS = 10_000;

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

process.on('message', async ({ isPaced, requests }: Judgement) => {
  const began = performance.now();
  const { kept } = await askBoth({
    requests,
    live: ask('m-v1'),
    candidate: ask('m-v2'),
    comparing: isPaced
      ? { atOnce: ASKED_AT_ONCE, giveWay: gateway.lull, compare: comparedApart }
      : APART,
    monotonicMs: () => performance.now(),
    tolerated: TOLERATED,
    truth: { margin: 0.02 },
  });
  const judged: Judged = { seconds: (performance.now() - began) / 1000, compared: kept.asked };
  process.send?.(judged);
});
process.send?.(gateway.origin);
