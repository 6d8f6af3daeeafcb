import { contentOf } from '#domain/comparison/answer-content.ts';
import {
  type AnswerEvidence,
  type AskedPair,
  compareAnswers,
} from '#domain/comparison/compare-answers.ts';
import { inputChanges } from '#domain/comparison/input-changes.ts';
import { inputFault, isFar } from '#domain/comparison/input-fault.ts';
import { type RequestTable, requestTable } from '#domain/comparison/request-table.ts';
import type { ComparedRequest } from '#domain/comparison/requests.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';

/** So many requests are asked of the live version twice, to learn what differs by chance. */
const ASKED_TWICE = 20;
/** Fewer rows than this say nothing of how a version prepares them. */
const ENOUGH_ROWS = 20;

/** How both versions are asked: one request after another, so that clients wait for one at most. */
export type Both = {
  readonly requests: readonly ComparedRequest[];
  readonly live: (request: GoldenRequest) => Promise<GoldenAnswer>;
  readonly candidate: (request: GoldenRequest) => Promise<GoldenAnswer>;
  readonly isLate: () => boolean;
};

/** Sends the requests to both versions, and looks for the cause where kept ones are answered otherwise. */
export async function askBoth(both: Both): Promise<AnswerEvidence> {
  const answers = compareAnswers(await pairsOf(both));
  if (answers.signs.length > 0 || answers.kept.changed === 0) return answers;
  const fault = await preparationFault(both);
  return fault ? { ...answers, signs: [fault] } : answers;
}

async function pairsOf({ requests, live, candidate, isLate }: Both): Promise<readonly AskedPair[]> {
  const asked: AskedPair[] = [];
  for (const { what, isDrawn, request } of requests) {
    if (isLate()) break;
    const before = await live(request);
    const after = await candidate(request);
    const again = asked.length < ASKED_TWICE ? await live(request) : null;
    asked.push({ what, isDrawn, before, again, after });
  }
  return asked;
}

/** The fault of preparation that explains why so many rows are answered otherwise: the live version is asked rows that are changed as such a fault would change them. */
async function preparationFault(both: Both): Promise<string | undefined> {
  const kept = both.requests.filter(({ isDrawn }) => !isDrawn).map(({ request }) => request);
  const table = requestTable(kept);
  if (!table || table.rows.length < ENOUGH_ROWS || both.isLate()) return undefined;
  const whole = table.request(table.rows);
  const [before, after] = [await both.live(whole), await both.candidate(whole)].map(contentOf);
  if (!before || !after || !isFar(before.said, after.said)) return undefined;
  return inputFault(before.said, after.said, await changedAnswers(both, table));
}

async function changedAnswers({ live, isLate }: Both, table: RequestTable) {
  const tried: { readonly what: string; readonly answer: unknown }[] = [];
  for (const { what, rows } of inputChanges(table)) {
    if (isLate()) break;
    const answer = contentOf(await live(table.request(rows)));
    if (answer) tried.push({ what, answer: answer.said });
  }
  return tried;
}
