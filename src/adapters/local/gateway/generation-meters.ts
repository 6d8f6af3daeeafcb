import type { Family, Sample } from '#adapters/local/metrics/exposition.ts';
import type { Generation, GenerationOf } from '#adapters/local/revisions/generations.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { Pace } from '#domain/rollout/judge-bake.ts';
import type { Clock } from '#ports/clock.ts';
import { type Histogram, histogram } from './histogram.ts';

/** The generations of language models, for Prometheus and for the bake; in memory, as all metrics of the gateway. */
export type GenerationMeters = {
  observe(of: GenerationOf, generation: Generation): void;
  /** The pace of its answers since then (epoch ms), among the last thousand. */
  pace(revision: string, sinceMs: number): Pace;
  /** Revisions that no longer exist are forgotten. */
  families(revisions: Pick<RevisionHost, 'placement'>): readonly Family[];
};

type Series = {
  readonly model: string;
  readonly firstToken: Histogram;
  readonly pace: Histogram;
  readonly last: { readonly atMs: number; readonly tokensPerSecond: number }[];
  tokensIn: number;
  tokensOut: number;
};

const FIRST_TOKEN_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;
const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 30, 50, 75, 100, 200, 500, 1_000] as const;

const KEPT_ANSWERS = 1_000;

export function generationMeters(clock: Clock): GenerationMeters {
  const series = new Map<string, Series>();

  const begin = ({ model, revision }: GenerationOf): Series => {
    const begun = {
      model,
      firstToken: histogram(FIRST_TOKEN_SECONDS),
      pace: histogram(TOKENS_PER_SECOND),
      last: [],
      tokensIn: 0,
      tokensOut: 0,
    };
    series.set(revision, begun);
    return begun;
  };

  return {
    observe(of, { tokensIn = 0, tokensOut, firstTokenMs, tokensPerSecond }) {
      const counts = series.get(of.revision) ?? begin(of);
      counts.tokensIn += tokensIn;
      counts.tokensOut += tokensOut;
      if (firstTokenMs !== undefined) counts.firstToken.add(firstTokenMs / 1_000);
      if (tokensPerSecond === undefined) return;
      counts.pace.add(tokensPerSecond);
      counts.last.push({ atMs: clock.now(), tokensPerSecond });
      if (counts.last.length > KEPT_ANSWERS) counts.last.shift();
    },
    pace(revision, sinceMs) {
      const since = (series.get(revision)?.last ?? []).filter(({ atMs }) => atMs >= sinceMs);
      const sum = since.reduce((total, { tokensPerSecond }) => total + tokensPerSecond, 0);
      return {
        answers: since.length,
        tokensPerSecond: since.length > 0 ? sum / since.length : 0,
      };
    },
    families(revisions) {
      for (const revision of series.keys()) {
        if (revisions.placement(revision) === undefined) series.delete(revision);
      }
      return series.size === 0 ? [] : familiesOf(series);
    },
  };
}

function familiesOf(series: ReadonlyMap<string, Series>): readonly Family[] {
  const counter = (name: string, help: string, read: (one: Series) => number): Family => ({
    name,
    help,
    type: 'counter',
    values: each(series, (one, labels) => [{ labels, value: read(one) }]),
  });
  const histogramOf = (name: string, help: string, read: (one: Series) => Histogram): Family => ({
    name,
    help,
    type: 'histogram',
    values: each(series, (one, labels) => read(one).samples(name, labels)),
  });
  return [
    counter(
      'slipway_prompt_tokens_total',
      'Tokens of the requests to language models.',
      (one) => one.tokensIn,
    ),
    counter(
      'slipway_generation_tokens_total',
      'Tokens that language models generated, also for clients that left.',
      (one) => one.tokensOut,
    ),
    histogramOf(
      'slipway_time_to_first_token_seconds',
      'From the arrival of a request at its server to the first token.',
      (one) => one.firstToken,
    ),
    histogramOf(
      'slipway_generation_tokens_per_second',
      'The pace of an answer after its first token.',
      (one) => one.pace,
    ),
  ];
}

function each(
  series: ReadonlyMap<string, Series>,
  samples: (one: Series, labels: Sample['labels']) => readonly Sample[],
): readonly Sample[] {
  return [...series].flatMap(([revision, one]) => samples(one, { model: one.model, revision }));
}
