import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

/** The numbers or the text of an answer. */
export type Answer = readonly number[] | string;

/** A request in JSON, and the reader of its answer. */
export type Asking = {
  readonly path: string;
  readonly body: unknown;
  readonly read: (answer: unknown) => Answer;
};

const LONGEST_MS = 600_000;
/** A shorter pause would take CPU time from the server that it waits for. */
const POLL_MS = 10;
const HEADERS = { 'content-type': 'application/json' };

/** The first answer with status 200. Until then `requireAlive` must throw if there will never be one. */
export async function firstAnswer(
  origin: string,
  { path, body, read }: Asking,
  requireAlive: () => void = () => {},
): Promise<Answer> {
  const text = JSON.stringify(body);
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs) {
    const answer = await posted(`${origin}${path}`, text);
    if (answer !== undefined) return read(JSON.parse(answer));
    requireAlive();
    await sleep(POLL_MS);
  }
  throw new Error(`${origin}${path} has not answered in ${LONGEST_MS / 60_000} minutes`);
}

/** The answer; undefined where nothing listens, or the server is not ready. */
async function posted(url: string, body: string): Promise<string | undefined> {
  try {
    const answer = await request(url, { method: 'POST', headers: HEADERS, body });
    const text = await answer.body.text();
    return answer.statusCode === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Throws where an answer is not the framework's own: the same text, or no number further off than `mostApart` times the largest. */
export function requireRight(answer: Answer, wanted: Answer, mostApart: number): void {
  if (isSame(answer, wanted, mostApart)) return;
  const [got, should] = [answer, wanted].map((each) => JSON.stringify(each).slice(0, 200));
  throw new Error(`wrong: ${got} instead of ${should}`);
}

export function isSame(answer: Answer, wanted: Answer, mostApart: number): boolean {
  if (typeof answer === 'string' || typeof wanted === 'string') return answer === wanted;
  const largest = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  return (
    answer.length === wanted.length &&
    wanted.every((each, at) => Math.abs(each - (answer[at] ?? NaN)) <= mostApart * largest)
  );
}
