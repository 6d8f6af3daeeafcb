import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Answer, Asking } from './subject.ts';

// Both sides compute in single precision, by kernels of their own. Of the largest number.
const MOST_APART = 1e-3;
const LONGEST_MS = 600_000;
/** What asks more often takes CPU time from what it waits for. */
const POLL_MS = 10;

/** What it answers once it says that it is ready. Until then `requireAlive` is to throw where it never will be. */
export async function firstAnswer(
  origin: string,
  { path, body, read }: Asking,
  requireAlive: () => void,
  readyPath = '/ping',
): Promise<Answer> {
  const endMs = performance.now() + LONGEST_MS;
  while (!(await isReady(origin + readyPath))) {
    requireAlive();
    if (performance.now() > endMs) throw new Error(`${origin} is not ready after ten minutes`);
    await sleep(POLL_MS);
  }
  const headers = { 'content-type': 'application/json' };
  const given = { method: 'POST', headers, body: JSON.stringify(body) } as const;
  const answer = await request(`${origin}${path}`, given);
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text.slice(0, 300)}`);
  return read(JSON.parse(text));
}

function isReady(url: string): Promise<boolean> {
  return request(url).then(
    async ({ statusCode, body }) => {
      await body.dump();
      return statusCode === 200;
    },
    () => false,
  );
}

/** Throws where an answer is another one than the framework's own. */
export function requireRight(answer: Answer, wanted: Answer): void {
  if (isSame(answer, wanted)) return;
  const [got, should] = [answer, wanted].map((each) => JSON.stringify(each).slice(0, 200));
  throw new Error(`wrong: ${got} instead of ${should}`);
}

function isSame(answer: Answer, wanted: Answer): boolean {
  if (typeof answer === 'string' || typeof wanted === 'string') return answer === wanted;
  const largest = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  return (
    answer.length === wanted.length &&
    wanted.every((each, at) => Math.abs(each - (answer[at] ?? NaN)) <= MOST_APART * largest)
  );
}
