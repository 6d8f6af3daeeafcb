import type { Seen } from './load.ts';
import type { Run, Span } from './run.ts';

const NEAR_MS = 200;

/** Answers of a revision that had no share at any moment from the request's start to its end. */
export function strays({ seen, held }: Run): readonly Seen[] {
  const hadShare = ({ revision, startMs, endMs }: Seen) =>
    held.some(
      ({ versions, ...span }) =>
        versions.some((version) => revision.endsWith(`-v${version}`)) &&
        overlaps(span, { fromMs: startMs, toMs: endMs }),
    );
  return seen.filter((one) => one.fault === '' && !hadShare(one));
}

export function lost({ seen }: Run): readonly Seen[] {
  return seen.filter(({ fault }) => fault !== '');
}

/** The requests that were in flight while shares changed. */
export function across({ seen, shiftsMs }: Run, kinds: readonly Seen['kind'][]): number {
  return seen.filter(
    ({ kind, startMs, endMs }) =>
      kinds.includes(kind) && shiftsMs.some((atMs) => startMs < atMs && atMs < endMs),
  ).length;
}

/** How long the short requests took, sorted, ms: those within 200 ms of a change of shares, those beside which a version started or stopped, and all others. */
export function latencies({ seen, shiftsMs, moves }: Run) {
  const near = shiftsMs.map((atMs) => ({ fromMs: atMs, toMs: atMs + NEAR_MS }));
  const took: Record<'near' | 'moving' | 'steady', number[]> = { near: [], moving: [], steady: [] };
  for (const { kind, startMs, endMs } of seen) {
    if (kind !== 'kept' && kind !== 'fresh') continue;
    const span = { fromMs: startMs, toMs: endMs };
    const isIn = (spans: readonly Span[]) => spans.some((other) => overlaps(span, other));
    const when = isIn(near) ? 'near' : isIn(moves) ? 'moving' : 'steady';
    took[when].push(endMs - startMs);
  }
  for (const values of Object.values(took)) values.sort((a, b) => a - b);
  return took;
}

function overlaps(one: Span, other: Span): boolean {
  return one.fromMs <= other.toMs && other.fromMs <= one.toMs;
}
