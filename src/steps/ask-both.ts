import { contentOf } from '#domain/comparison/answer-content.ts';
import type { AskedPair, ComparedRequest } from '#domain/comparison/asked-pair.ts';
import {
  type AnswerEvidence,
  boundedSigns,
  isOtherwise,
} from '#domain/comparison/compare-answers.ts';
import { asDeclared, type DeclaredChanges } from '#domain/comparison/declared-changes.ts';
import { inputChanges } from '#domain/comparison/input-changes.ts';
import { inputFault } from '#domain/comparison/input-fault.ts';
import type { Precision } from '#domain/comparison/precision.ts';
import { type RequestTable, requestTable } from '#domain/comparison/request-table.ts';
import type { TruthGate } from '#domain/manifest/gate.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import type { Comparing } from '#ports/comparing.ts';
import { type Patience, patient } from './patience.ts';
import { renderedByBoth } from './render-prompts.ts';
import { answerScorer } from './score-answers.ts';

/** So many requests are asked of the live version again, to learn what differs by chance, and as many more where the answers differ. */
const ASKED_TWICE = { always: 20, atMost: 50 } as const;
/** How long one of the two servers works for this, before the cause of a difference is looked for, and in all (ms). */
const BUDGET_MS = { requests: 5000, causes: 8000 } as const;
/** The same for language models: an answer of theirs takes up to seconds on a CPU. Both servers and the requests that are under way then stay within the time that the step has. */
const BUDGET_OF_LANGUAGE_MS = 20_000;
/** How long one of them works to say which tokens it reads of prompts: llama.cpp says so after its first step through a prompt, which takes seconds for a long one. */
const BUDGET_OF_PROMPTS_MS = 2000;
/** How much the answers may take until no more are asked: they are held in memory, value by value, in several times as much. */
const MOST_ANSWER_BYTES = 16e6;
/** Fewer rows than this say nothing of how a version prepares them; more than the other show no more. */
const ENOUGH_ROWS = 20;
/** Nor do fewer changed answers: a fault of preparation changes more. */
const ENOUGH_CHANGED = 5;
const MOST_ROWS = 200;

/** How long each request lets clients go first, and all together (ms). Where clients never pause, so few are sent that hardly one of a hundred requests of theirs meets one; and yet enough to judge by, in the time that the step has. */
const PATIENCE_MS: Patience = { each: 200, all: 30_000 };

type Ask = (request: GoldenRequest) => Promise<GoldenAnswer>;

/**
 * How both versions are asked. The live version has one request at a time, so that clients wait for one at most; the candidate, which has no clients, as many as `comparing` allows.
 * The answers are compared in the order of the requests, however they were paced. `monotonicMs` is a clock that never goes back.
 */
export type Both = {
  readonly requests: readonly ComparedRequest[];
  readonly live: Ask;
  readonly candidate: Ask;
  readonly comparing: Comparing;
  readonly monotonicMs: () => number;
  /** The share of changed answers that is no change. */
  readonly tolerated: number;
  readonly truth: TruthGate;
  /** The names of the models' inputs, outputs and labels. */
  readonly names?: readonly string[];
  readonly isEmbedder?: boolean;
  /** Whether both are language models, whose servers say how likely a text is. */
  readonly isScored?: boolean;
  /** The precision of the weights that explains small differences. */
  readonly precision?: Precision | undefined;
  /** The changes of its answers that the owner of the candidate declares. */
  readonly declared?: DeclaredChanges | undefined;
  /** The part of the error budget that the comparison may spend. */
  readonly error?: number;
};

/** Sends the requests to both versions, and looks for the cause where kept ones, or drawn ones if too few are kept, are answered otherwise. */
export async function askBoth(both: Both): Promise<AnswerEvidence> {
  const giveWay = patient(both.comparing, both.monotonicMs, PATIENCE_MS);
  const live = timed(both.live, both, giveWay);
  const candidate = timed(both.candidate, both, giveWay);
  const workedMs = () => Math.max(live.workedMs(), candidate.workedMs());
  const asked = { ...both, live: live.ask, candidate: candidate.ask };
  const budgetMs = both.isScored ? BUDGET_OF_LANGUAGE_MS : BUDGET_MS.requests;
  const prompts = both.isScored
    ? await renderedByBoth(asked, () => workedMs() >= BUDGET_OF_PROMPTS_MS)
    : undefined;
  const pairs = await pairsOf(asked, () => workedMs() >= budgetMs);
  const of = both.requests.filter(({ isDrawn }) => !isDrawn).length;
  const { tolerated, truth, names = [], isEmbedder = false, precision, declared, error } = both;
  const counting = { of, tolerated, truth, names, isEmbedder, precision, declared };
  const compared = await both.comparing.compare(pairs, {
    ...counting,
    ...(error !== undefined && { error }),
  });
  const answers = { ...compared, ...(prompts && { prompts }) };
  // The owner may change the expectations, and the cause of a difference is to be known by then.
  const isKnown = answers.signs.some((sign) => sign !== answers.unmet);
  const changed = answers.kept.changed + (of < ENOUGH_ROWS ? answers.drawn.changed : 0);
  if (isKnown || changed < ENOUGH_CHANGED) return answers;
  const unanswered = new Set(
    pairs.flatMap(({ request, before }) => (contentOf(before) ? [] : [request])),
  );
  // One row that the live version refuses, it would refuse with all others.
  const requests = asked.requests.filter(({ request }) => !unanswered.has(request));
  const isLate = () => workedMs() >= BUDGET_MS.causes;
  const fault = await preparationFault({ ...asked, requests }, isLate);
  return fault ? { ...answers, signs: boundedSigns([...answers.signs, fault]) } : answers;
}

/** How long a server has worked for what it was asked. */
function timed(ask: Ask, { monotonicMs }: Both, giveWay: () => Promise<void>) {
  let [sumMs, sinceMs, underWay] = [0, 0, 0];
  const count = (change: 1 | -1) => {
    const nowMs = monotonicMs();
    if (underWay > 0) sumMs += nowMs - sinceMs;
    sinceMs = nowMs;
    underWay += change;
  };
  return {
    workedMs: () => sumMs,
    async ask(request: GoldenRequest) {
      await giveWay();
      count(1);
      try {
        return await ask(request);
      } finally {
        count(-1);
      }
    },
  };
}

async function pairsOf(both: Both, isLate: () => boolean): Promise<readonly AskedPair[]> {
  const { requests, live } = both;
  const score = both.isScored ? answerScorer(both) : undefined;
  const candidate = ahead(both);
  const asked: AskedPair[] = [];
  let repeated = 0;
  let bytes = 0;
  for (const [at, { answer, given, text: _, ...request }] of requests.entries()) {
    if (isLate() || bytes >= MOST_ANSWER_BYTES) break;
    const before = answer === undefined ? await live(request.request) : kept(answer);
    const after = given === undefined ? await candidate.answer(request, at) : kept(given);
    const once = { ...request, before, again: null, after };
    const scores = await score?.(once);
    // A likelihood hardly differs by chance, and says more than a second text.
    const isRepeated = scores === undefined && isAskedAgain(both, once, repeated);
    const again = isRepeated ? await live(request.request) : null;
    if (again) repeated += 1;
    bytes += sizeOf(before) + sizeOf(again) + sizeOf(after);
    asked.push({ ...once, again, ...(scores && { scores }) });
  }
  await candidate.settled();
  return asked;
}

/** Asks the candidate: the next requests too, while the answer to one is on its way. */
function ahead({ requests, candidate, comparing, isScored = false }: Both) {
  // A language model is as slow for two at once as for one after another.
  const atOnce = isScored ? 1 : comparing.atOnce;
  const begun = new Map<GoldenRequest, Promise<GoldenAnswer>>();
  const begin = ({ request }: ComparedRequest) => {
    const answer = begun.get(request) ?? candidate(request);
    begun.set(request, answer);
    // It is awaited in its turn, and may fail before.
    answer.catch(() => undefined);
    return answer;
  };
  return {
    answer(request: ComparedRequest, at: number): Promise<GoldenAnswer> {
      const answer = begin(request);
      for (const next of requests.slice(at + 1, at + atOnce)) {
        if (next.given === undefined) begin(next);
      }
      return answer;
    },
    settled: () => Promise.allSettled(begun.values()),
  };
}

function isAskedAgain({ declared }: Both, pair: AskedPair, repeated: number): boolean {
  if (repeated < ASKED_TWICE.always) return true;
  return repeated < ASKED_TWICE.atMost && isOtherwise(pair, declared);
}

function sizeOf(answer: GoldenAnswer | null): number {
  return answer?.kind === 'answer' ? answer.body.length : 0;
}

function kept(answer: unknown): GoldenAnswer {
  return { kind: 'answer', status: 200, body: JSON.stringify(answer) };
}

/** The fault of preparation that explains why so many rows are answered otherwise: the live version is asked rows that are changed as such a fault would change them. */
async function preparationFault(both: Both, isLate: () => boolean): Promise<string | undefined> {
  const kept = both.requests.filter(({ isDrawn }) => !isDrawn);
  // A few kept ones show no fault, and the drawn ones beside them may.
  const given = (kept.length < ENOUGH_ROWS ? both.requests : kept).slice(0, MOST_ROWS);
  const found = requestTable(given.map(({ request }) => request));
  const isOnlySent = kept.length > 0 && kept.every(({ isSent }) => isSent);
  const table = found && isOnlySent ? withoutNames(found, both.names ?? []) : found;
  if (!table || table.rows.length < ENOUGH_ROWS || isLate()) return undefined;
  const whole = table.request(table.rows);
  const [before, after] = [await both.live(whole), await both.candidate(whole)].map(contentOf);
  if (!before || !after) return undefined;
  const expected = (answer: unknown) => asDeclared(answer, after.said, both.declared);
  const tried = await changedAnswers(both, table, isLate);
  return inputFault(
    expected(before.said),
    after.said,
    tried.map(({ what, answer }) => ({ what, answer: expected(answer) })),
  );
}

/** The table without the names of columns that only clients have said. */
function withoutNames(table: RequestTable, names: readonly string[]): RequestTable {
  const columns = table.columns.map((name, at) =>
    names.includes(name) ? name : `column ${at + 1}`,
  );
  return { ...table, columns };
}

async function changedAnswers({ live }: Both, table: RequestTable, isLate: () => boolean) {
  const tried: { readonly what: string; readonly answer: unknown }[] = [];
  for (const { what, rows } of inputChanges(table)) {
    if (isLate()) break;
    const answer = contentOf(await live(table.request(rows)));
    if (answer) tried.push({ what, answer: answer.said });
  }
  return tried;
}
