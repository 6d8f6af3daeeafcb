import type { Measurement } from '#domain/build/measurement.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { median } from '#domain/median.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { isProof } from '#domain/rollout/golden-verdict.ts';
import type { Clock } from '#ports/clock.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { measuredLive } from '#steps/measured-live.ts';
import { PROBE_TIMEOUT_MS } from '#steps/probe.ts';
import { proofOf } from '#steps/proof.ts';
import { requireDeployment } from '#steps/require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Pick<Router, 'testPath'>;
  readonly prober: Pick<Prober, 'send'>;
  /** Resolves once no client's request is under way, and at the latest after so many milliseconds. */
  readonly giveWay: (atMostMs: number) => Promise<void>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** The CPU time of a revision's servers so far; null where the system does not tell. */
  readonly cpuSeconds: (revision: string) => number | null;
  /** How many CPUs its servers have. */
  readonly vcpus: number;
};

/** How long a live version's own server takes for its golden request; undefined where no request proved it, or while that is not known yet. */
export type MeasureLive = (live: ModelVersion) => Promise<Measurement | undefined>;

/** `measure` asks the version's server if nobody has yet, and starts it for that if it has stopped; `known` has what was measured or is being measured. */
export type LiveMeasurements = Readonly<Record<'measure' | 'known', MeasureLive>>;

const LEAST_REQUESTS = 3;
const WARM_MS = 100;
// A process's CPU time is counted in hundredths of a second.
const RUN_MS = 400;
const MOST_MS = 3000;
const MOST_WAY_MS = 50;
const MOST_WAIT_MS = 1500;

/** Measures live versions, one at a time and each once, and keeps the figures in the registry. */
export function liveMeasurements(deps: Deps): LiveMeasurements {
  const { registry } = deps;
  // The key is the deployment that made the version.
  const begun = new Map<string, Promise<Measurement | undefined>>();
  let last: Promise<unknown> = Promise.resolve();

  async function noted(live: ModelVersion): Promise<Measurement | undefined> {
    const found = await measured(deps, live);
    if (found) await registry.noteMeasured(live, found);
    return found;
  }

  function begin(live: ModelVersion): Promise<Measurement | undefined> {
    // A server that answers badly now may answer at the next look.
    const found = last
      .then(() => noted(live))
      .catch(() => undefined)
      .finally(() => begun.delete(live.deploymentId));
    last = found;
    begun.set(live.deploymentId, found);
    return found;
  }

  async function awaited(found: Promise<Measurement | undefined>) {
    const waited = new AbortController();
    const tooLong = deps.sleep(MOST_WAIT_MS, waited.signal).then(() => undefined);
    try {
      return await Promise.race([found, tooLong]);
    } finally {
      waited.abort();
    }
  }

  return {
    async measure(live) {
      const kept = await measuredLive(registry, live);
      return kept ?? awaited(begun.get(live.deploymentId) ?? begin(live));
    },
    async known(live) {
      const running = begun.get(live.deploymentId);
      return running ? awaited(running) : measuredLive(registry, live);
    },
  };
}

async function measured(deps: Deps, live: ModelVersion): Promise<Measurement | undefined> {
  const { registry, cpuSeconds, vcpus } = deps;
  const { request } = await proofOf(registry, await requireDeployment(registry, live.deploymentId));
  if (!request) return undefined;
  await repeated(deps, { live, request, least: 1, forMs: WARM_MS });
  const beganCpu = cpuSeconds(live.revision);
  const times = await repeated(deps, { live, request, least: LEAST_REQUESTS, forMs: RUN_MS });
  const endedCpu = cpuSeconds(live.revision);
  const spentMs =
    beganCpu === null || endedCpu === null ? null : Math.max(0, endedCpu - beganCpu) * 1000;
  const requests = times.length;
  const ms = Math.max(0.001, median(times) ?? Number.NaN);
  // Clients may have asked it meanwhile, above all while a request gave way to them: no request takes more than all CPUs while it lasts.
  const mostMs = times.reduce((sum, each) => sum + each, 0) * vcpus;
  const cpuMs = spentMs === null ? null : Math.min(spentMs, mostMs) / requests;
  return { by: 'none', runs: [{ vcpus, rows: 1, requests, ms, cpuMs }] };
}

type Run = {
  readonly live: ModelVersion;
  readonly request: GoldenRequest;
  readonly least: number;
  readonly forMs: number;
};

/** The time (ms) of each request, one after another: at least so many, for at least so long. */
async function repeated(
  { router, prober, giveWay, clock }: Deps,
  { live, request, least, forMs }: Run,
): Promise<readonly number[]> {
  const times: number[] = [];
  const beganMs = clock.monotonicMs();
  const tookMs = () => clock.monotonicMs() - beganMs;
  const address = router.testPath(live);
  while (times.length === 0 || (tookMs() < MOST_MS && (times.length < least || tookMs() < forMs))) {
    await giveWay(MOST_WAY_MS);
    const answer = await prober.send(address, live.model, request, PROBE_TIMEOUT_MS);
    if (!isProof(answer) || answer.kind !== 'answer') throw new Error('it does not answer now');
    times.push(answer.latencyMs);
  }
  return times;
}
