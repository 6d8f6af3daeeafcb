import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { comparedApart } from '#adapters/local/comparison/own-thread.ts';
import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import { needing, notLinux } from '../../../support/needs.ts';

const COUNTING = { of: 3000, tolerated: 0.02, truth: { margin: 0.02 } };

function pairs(count: number): readonly AskedPair[] {
  const answer = (at: number, by: number) => ({
    kind: 'answer' as const,
    status: 200,
    body: JSON.stringify({ predictions: [{ label: at % 3 ? 'a' : 'b', total: by * at * 1.5 }] }),
  });
  return Array.from({ length: count }, (_, at) => ({
    what: `row ${at}`,
    isDrawn: false,
    request: { protocol: 'invocations', body: { inputs: [at] } },
    before: answer(at, 1),
    again: null,
    after: at % 10 ? answer(at, 1000) : { kind: 'none', reason: 'no answer within 10 s' },
  }));
}

it('finds on a thread of its own what it finds here', async () => {
  const many = pairs(3000);
  let isDone = false;

  const finding = comparedApart(many, COUNTING).finally(() => {
    isDone = true;
  });
  // A thread takes some milliseconds to start, in which this one does other work.
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  const found = await finding;

  expect(found).toEqual(compareAnswers(many, COUNTING));
  expect(found.kept).toEqual({ asked: 2700, changed: 2700 });
});

it('starts no thread for few answers, and finds the same', async () => {
  const few = pairs(20);
  let isDone = false;

  const found = comparedApart(few, COUNTING).finally(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  expect(isDone).toBe(true);

  expect(await found).toEqual(compareAnswers(few, COUNTING));
});

needing(notLinux, () => {
  it('gives way to the threads that answer clients', async () => {
    const seen = new Set<number>();
    const before = getPriority();

    const finding = comparedApart(pairs(1000), COUNTING);
    for (let isDone = false; !isDone; ) {
      for (const nice of niceOfThreads()) seen.add(nice);
      isDone = await Promise.race([finding.then(() => true), turn(false)]);
    }

    expect(seen).toContain(Math.max(before, 10));
    expect(getPriority()).toBe(before);
  });
});

it('fails where the comparison fails', async () => {
  const broken = { ...COUNTING, truth: undefined } as never;

  await expect(comparedApart(pairs(3000), broken)).rejects.toThrow(/undefined/);
});

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function niceOfThreads(): readonly number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      const said = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
      return [Number(said.split(') ')[1]?.split(' ')[16])];
    } catch {
      // It has ended by now.
      return [];
    }
  });
}
