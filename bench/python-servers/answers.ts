import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Question } from './prepare.ts';

// What a conversion to ONNX is held to in the build.
const MOST_APART = 1e-5;
const LONGEST_MS = 300_000;

type Answered = {
  readonly labels?: readonly number[];
  readonly probabilities?: readonly (readonly number[])[];
  readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[];
};

/** Posts again and again until the answer is the framework's own, and answers its text; a wrong answer throws. */
export async function firstRightAnswer(
  url: string,
  body: string,
  question: Question,
  requireAlive: () => void,
): Promise<string> {
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs) {
    const text = await posted(url, body);
    if (text !== undefined) {
      requireRight(text, question);
      return text;
    }
    requireAlive();
    await sleep(5);
  }
  throw new Error(`${url} has not answered in ${LONGEST_MS / 1000} s`);
}

/** Undefined of what does not listen or is not ready. */
async function posted(url: string, body: string): Promise<string | undefined> {
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await request(url, { method: 'POST', headers, body });
    const text = await answer.body.text();
    return answer.statusCode === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}

function requireRight(text: string, question: Question): void {
  const { labels, probabilities, outputs = [] }: Answered = JSON.parse(text);
  const output = (name: string) => outputs.find((each) => each.name === name)?.data ?? [];
  const gotLabels = labels ?? output('label');
  const got = probabilities?.flat() ?? output('probabilities');
  const isRight =
    got.length === question.probabilities.length &&
    question.labels.every((label, row) => gotLabels[row] === label) &&
    question.probabilities.every((value, at) => Math.abs((got[at] ?? NaN) - value) <= MOST_APART);
  if (!isRight) throw new Error(`wrong: ${text.slice(0, 300)}`);
}
