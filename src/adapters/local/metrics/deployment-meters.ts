import type { Family } from '#adapters/local/metrics/exposition.ts';
import { isTerminal, NEXT_PHASES } from '#domain/phase.ts';
import type { Registry } from '#ports/registry.ts';

const PAGE = 500;
const PHASES = Object.entries(NEXT_PHASES);
const OUTCOMES = PHASES.flatMap(([phase, next]) => (next.length === 0 ? [phase] : []));
const UNDER_WAY = PHASES.flatMap(([phase, next]) => (next.length === 0 ? [] : [phase]));

/** Deployment metrics for Prometheus: those under way by phase, and all that ever ended by outcome, counted from their events. */
export function deploymentMeters(registry: Registry): () => Promise<readonly Family[]> {
  // From 0, so that Prometheus sees the first of each kind as an increase.
  const outcomes = new Map<string, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  let after = '';
  let counting = Promise.resolve();

  async function count(): Promise<void> {
    for (let isMore = true; isMore; ) {
      const { events } = await registry.events({ after, limit: PAGE });
      for (const { cursor, event } of events) {
        after = cursor;
        if (event['detail-type'] !== 'Deployment State Change') continue;
        const { state } = event.detail;
        if (isTerminal(state)) outcomes.set(state, (outcomes.get(state) ?? 0) + 1);
      }
      isMore = events.length === PAGE;
    }
  }

  return async () => {
    // One count at a time, so that no event is counted twice.
    counting = counting.then(count, count);
    await counting;
    const phases = new Map<string, number>(UNDER_WAY.map((phase) => [phase, 0]));
    for (const { phase } of await registry.unended()) {
      phases.set(phase, (phases.get(phase) ?? 0) + 1);
    }
    return [
      {
        name: 'slipway_deployments_under_way',
        help: 'Deployments under way, by phase.',
        type: 'gauge',
        values: [...phases].map(([phase, value]) => ({ labels: { phase }, value })),
      },
      {
        name: 'slipway_deployments_total',
        help: 'Deployments that ended, by outcome.',
        type: 'counter',
        values: [...outcomes].map(([outcome, value]) => ({ labels: { outcome }, value })),
      },
    ];
  };
}
