import type { DeploymentWork } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import { exampleRequest, examplesOf, type GoldenRequest } from '#domain/rollout/golden-request.ts';
import { FORMATS } from '#formats/index.ts';
import type { ComparedRequest } from './asked-pair.ts';
import { balanced, MOST_OF_ONE } from './balanced.ts';
import { drawnRequests, rangesBeside, requestsWithin } from './drawn-requests.ts';
import type { ExampleLine } from './examples-file.ts';
import { seededOrder } from './seeded-random.ts';

/** A version, and the examples in the file that came with it. */
export type ComparedVersion = {
  readonly work: DeploymentWork;
  readonly lines: readonly ExampleLine[];
};

const MOST_DRAWN = 30;

type Seed = Pick<ComparedRequest, 'request' | 'isSent'>;

/**
 * The requests that both versions are asked: first all that people gave or clients sent, each once and none outweighed by those of one client, hour or class, in a random order that `seed` determines, then those drawn from them, from `golden`, the one that proved the version before, and from where the columns of both versions lay in their training.
 * Nothing is drawn for a model that brings code, which may do anything with it, nor for a language model, whose answers are long. Nor is anything where `isReplayed` is false.
 */
export function comparedRequests({
  before,
  after,
  sent,
  golden,
  seed,
  isReplayed = true,
}: {
  readonly before: ComparedVersion;
  readonly after: ComparedVersion;
  /** The requests of clients. */
  readonly sent: readonly ComparedRequest[];
  readonly golden: GoldenRequest | null;
  readonly seed: string;
  readonly isReplayed?: boolean;
}): readonly ComparedRequest[] {
  const all = seededOrder(
    unique([...keptIn(before, 'before'), ...keptIn(after, 'own'), ...sent]),
    seed,
    requestKey,
  );
  const kept = balancedRequests(all);
  if (!isReplayed || !isDrawnFor(before.work) || !isDrawnFor(after.work)) return kept;
  const seeds: readonly Seed[] = kept.length > 0 ? kept : golden ? [{ request: golden }] : [];
  const each = Math.ceil(MOST_DRAWN / Math.max(1, seeds.length));
  const drawn = seeds
    .slice(0, MOST_DRAWN)
    .flatMap(({ request, isSent }) =>
      [...(kept.length > 0 ? [] : [request]), ...drawnRequests(request, each)].map((one) => ({
        request: one,
        // Its texts are those of the client.
        ...(isSent && { isSent }),
      })),
    )
    .slice(0, MOST_DRAWN);
  return unique([
    ...kept,
    ...[...drawn, ...withinRanges(before.work, after.work)].map((one, index) => ({
      what: `drawn request ${index + 1}`,
      isDrawn: true,
      ...one,
    })),
  ]);
}

/** The requests of clients alone, each once and none outweighed by those of one client, hour or class, in a random order that `seed` determines. */
export function sentRequests(
  sent: readonly ComparedRequest[],
  seed: string,
): readonly ComparedRequest[] {
  return balancedRequests(seededOrder(unique(sent), seed, requestKey));
}

/** As many requests where the columns of each version lay, as its own numbers say. */
function withinRanges(before: DeploymentWork, after: DeploymentWork): readonly Seed[] {
  if (!before.inspection) return [];
  const { signature } = declaredOf(before.inspection, before);
  if (!signature) return [];
  const theirs = before.inspection.facts.ranges ?? [];
  const own = rangesBeside(after.inspection?.facts.ranges ?? [], theirs);
  return [theirs, own]
    .flatMap((ranges) => requestsWithin(signature, ranges, MOST_DRAWN))
    .map((request) => ({ request }));
}

/** Balances the requests of clients by who sent them, when, and which class the version before gave them. */
function balancedRequests(all: readonly ComparedRequest[]): readonly ComparedRequest[] {
  const byCaller = balanced(all, MOST_OF_ONE.caller, ({ caller }) => caller);
  const byHour = balanced(byCaller, MOST_OF_ONE.hour, ({ sentAtMs }) =>
    sentAtMs === undefined ? undefined : String(Math.floor(sentAtMs / HOUR_MS)),
  );
  return balanced(byHour, MOST_OF_ONE.class, ({ answerClass }) => answerClass);
}

/** The examples of the manifest and of the file beside it. The answers that the file of the version before expects count as that version's answers. */
function keptIn(
  { work, lines }: ComparedVersion,
  whose: 'before' | 'own',
): readonly ComparedRequest[] {
  if (!work.inspection) return [];
  const declared = declaredOf(work.inspection, work);
  const said = examplesOf(declared).map(({ request }) => ({ request }));
  const listed = lines.map(({ request, text, expect, truth }) => ({
    request: exampleRequest(request, declared.server),
    text,
    ...(expect !== undefined && (whose === 'before' ? { answer: expect } : { expect })),
    ...(truth !== undefined && { truth, isTruthOwn: whose === 'own' }),
  }));
  return [...said, ...listed].map((each, index) => ({
    what: `example ${index + 1} of ${whose === 'before' ? 'the version before' : 'this version'}`,
    isDrawn: false,
    isOwn: whose === 'own',
    ...each,
  }));
}

function isDrawnFor({ inspection }: DeploymentWork): boolean {
  if (!inspection) return false;
  const { format, language } = inspection.facts;
  return FORMATS[format].brings === 'data' && language === undefined;
}

/** Each request once, with all that is known of it: the last word on what is true counts. */
function unique(requests: readonly ComparedRequest[]): readonly ComparedRequest[] {
  const found = new Map<string, ComparedRequest>();
  for (const each of requests) {
    const key = requestKey(each);
    const known = found.get(key);
    found.set(
      key,
      known ? { ...each, ...known, ...truthOf(each), ...sentFirst(each, known) } : each,
    );
  }
  return [...found.values()];
}

/** Names what is asked: equal requests have one name. */
export function requestKey({
  request: { protocol, path = '', contentType = '', body },
  text = JSON.stringify(body),
}: Pick<ComparedRequest, 'request' | 'text'>): string {
  return `${protocol} ${path} ${contentType} ${text}`;
}

/** The names of the examples that came with a version. */
export function exampleKeys(version: ComparedVersion): readonly string[] {
  return keptIn(version, 'own').map(requestKey);
}

/** A request that came twice is as old as the first time. */
function sentFirst(
  one: ComparedRequest,
  other: ComparedRequest,
): Pick<ComparedRequest, 'sentAtMs'> {
  const times = [one.sentAtMs, other.sentAtMs].filter((ms) => ms !== undefined);
  return times.length > 0 ? { sentAtMs: Math.min(...times) } : {};
}

function truthOf({
  truth,
  truthAtMs,
  isTruthOwn = false,
}: ComparedRequest): Pick<ComparedRequest, 'truth' | 'truthAtMs' | 'isTruthOwn'> {
  if (truth === undefined) return {};
  return { truth, isTruthOwn, ...(truthAtMs !== undefined && { truthAtMs }) };
}
