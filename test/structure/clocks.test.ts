import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockUses } from '../support/clock/uses.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The files that may read the machine's clock, and why no verdict depends on it. */
const ALLOWED: Readonly<Record<string, string>> = {
  'test/support/aws/rules/ecs-services.ts': 'says when a task stopped',
  'test/support/clock/eventually.ts':
    'gives up what never comes, after a time that only a hang meets',
  'test/support/lambda/runtime-child.ts':
    'is a function with a clock of its own, and says how long its start took',
  'test/support/cutover/monotonic.ts': 'gives the cutover bench a clock that two processes share',
  'test/support/lambda/runtime-api.ts': 'gives each event a deadline, as Lambda does',
};

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `test/${name}`);
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const findingsIn = (path: string) =>
  clockUses(path, textOf(path)).map(
    ({ line, what, instead }) => `${path}:${line}: ${what}; instead ${instead}`,
  );

it('no test judges by the clock of the machine, or waits for it', () => {
  const findings = files.filter((path) => !(path in ALLOWED)).flatMap(findingsIn);

  expect(findings).toEqual([]);
});

it.each(Object.entries(ALLOWED))('%s may look at it, as it %s', (path) => {
  expect(findingsIn(path)).not.toEqual([]);
});

describe('in a test is refused', () => {
  it.each([
    'const began = performance.now();',
    'const began = process.hrtime.bigint();',
    'const [seconds] = process.hrtime();',
    'const before = process.cpuUsage();',
    'const { userCPUTime } = process.resourceUsage();',
    'console.time("it");',
    'const load = os.loadavg();',
    'import { loadavg } from "node:os";',
    'import { monitorEventLoopDelay } from "node:perf_hooks";',
    'import { performance as clock } from "node:perf_hooks";',
    'const today = new Date();',
    'const began = Date.now();',
    'const endMs = Date.now() + 5_000;',
    'while (Date.now() < endMs) look();',
    'const read = Date.now;',
    'expect(Date.now() - began).toBe(1);',
    'expect(tookMs).toBeLessThan(1_000);',
    'expect(answer.latencyMs).toBeGreaterThan(5);',
    'expect(seen.elapsed).not.toBeGreaterThan(5);',
    'await new Promise((done) => setTimeout(done, 20));',
    'setInterval(look, 20);',
    'import { setTimeout as pause } from "node:timers/promises";',
    'await sleep(20);',
  ])('%s', (planted) => {
    expect(clockUses('test/planted.test.ts', `const one = 1;\n${planted}`)).toEqual([
      expect.objectContaining({ line: 2, instead: expect.stringMatching(/\w/) }),
    ]);
  });
});

describe('in a test is taken', () => {
  it.each([
    'const clock = { now: Date.now };',
    'const clock = { now: () => Date.now() + aheadMs };',
    'function rules(now: () => number = Date.now) {}',
    'const clock = fakeClock(Date.now());',
    'const events = [{ timestamp: Date.now(), message }];',
    'const timestamp = Date.now();',
    'const NOW_MS = Date.now();',
    'const day = new Date("2026-11-27T08:00:00Z");',
    'const nowMs = clock.now();',
    'expect(said.loadMs).toBeGreaterThan(0);',
    'expect(pauses).toEqual([1_000, 2_000]);',
    'expect(readBytes).toBeLessThan(1_000);',
    'import { setImmediate as nextTurn } from "node:timers/promises";',
    'const model = { start: { timeoutMs: 600_000 } };',
  ])('%s', (planted) => {
    expect(clockUses('test/planted.test.ts', planted)).toEqual([]);
  });
});

it('what is made for tests may wait, as for the next look at a process, but not judge', () => {
  const waits = 'export const soon = () => new Promise((done) => setTimeout(done, 20));';

  expect(clockUses('test/support/planted.ts', waits)).toEqual([]);
  expect(clockUses('test/support/planted.ts', 'const began = performance.now();')).toHaveLength(1);
});
