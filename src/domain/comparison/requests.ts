import type { DeploymentWork } from '#domain/deployment.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import { examplesOf, type GoldenRequest } from '#domain/rollout/golden-request.ts';
import { FORMATS } from '#formats/index.ts';
import { drawnRequests } from './drawn-requests.ts';

/** A request that is sent to both versions; `what` describes it for a person. `isDrawn`: Slipway has generated it. */
export type ComparedRequest = {
  readonly what: string;
  readonly isDrawn: boolean;
  readonly request: GoldenRequest;
};

const MOST_KEPT = 200;
const MOST_DRAWN = 30;

/**
 * The requests that are sent to both versions: the examples of both, each once, then requests drawn from them and from `golden`, which proved the version before.
 * Nothing is drawn for a model that brings code, which may do anything with it, nor for a language model, whose answers are long.
 */
export function comparedRequests({
  before,
  after,
  golden,
}: {
  readonly before: DeploymentWork;
  readonly after: DeploymentWork;
  readonly golden: GoldenRequest | null;
}): readonly ComparedRequest[] {
  const kept = unique([
    ...keptIn(before, 'of the version before'),
    ...keptIn(after, 'of this version'),
  ]).slice(0, MOST_KEPT);
  if (!isDrawnFor(before) || !isDrawnFor(after)) return kept;
  const seeds = kept.length > 0 ? kept.map(({ request }) => request) : golden ? [golden] : [];
  const each = Math.ceil(MOST_DRAWN / Math.max(1, seeds.length));
  const drawn = seeds
    .flatMap((seed) => [...(kept.length > 0 ? [] : [seed]), ...drawnRequests(seed, each)])
    .slice(0, MOST_DRAWN)
    .map((request, index) => ({ what: `drawn request ${index + 1}`, isDrawn: true, request }));
  return unique([...kept, ...drawn]);
}

function keptIn(work: DeploymentWork, whose: string): readonly ComparedRequest[] {
  if (!work.inspection) return [];
  return examplesOf(declaredOf(work.inspection, work)).map(({ request }, index) => ({
    what: `example ${index + 1} ${whose}`,
    isDrawn: false,
    request,
  }));
}

function isDrawnFor({ inspection }: DeploymentWork): boolean {
  if (!inspection) return false;
  const { format, language } = inspection.facts;
  return FORMATS[format].brings === 'data' && language === undefined;
}

function unique(requests: readonly ComparedRequest[]): readonly ComparedRequest[] {
  const found = new Map<string, ComparedRequest>();
  for (const each of requests) {
    const key = JSON.stringify(each.request);
    if (!found.has(key)) found.set(key, each);
  }
  return [...found.values()];
}
