// Counts what the gate sees in pairs of versions, made by scikit-learn and XGBoost: broken, equal and retrained ones.
// `node bench/gate.ts [SEEDS]`: two models for each seed, 12 kinds of breakage, 2 of equality and 3 of retraining; both versions of each pair are asked 60 rows that nobody trained with.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TensorSpec } from '#domain/artifact/signature.ts';
import {
  type ComparisonVerdict,
  judgeComparison,
  TOLERATED,
} from '#domain/comparison/judge-comparison.ts';
import { signatureDifferences } from '#domain/comparison/signature-differences.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { askBoth } from '#steps/ask-both.ts';
import { pythonOf } from './beside/python.ts';
import { row } from './figures.ts';

type Row = readonly (number | null)[];
type Pair = {
  readonly kind: string;
  readonly truth: 'broken' | 'equal' | 'retrained';
  readonly labels: readonly [before: readonly string[], after: readonly string[]];
  readonly rows: readonly Row[];
  readonly pairs: readonly { readonly before: Row; readonly after: Row }[];
};

const SEEDS = process.argv[2] ?? '25';
const HERE = import.meta.dirname;

const python = await pythonOf(join(HERE, 'python-servers', 'requirements.txt'));
const script = spawn(python, [join(HERE, 'gate', 'answers.py'), SEEDS], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const ended = once(script, 'exit');
const lines = createInterface({ input: script.stdout })[Symbol.asyncIterator]();
const counts = new Map<string, Record<ComparisonVerdict, number>>();
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const pair = JSON.parse(line.value) as Pair;
  const verdict = await judged(pair);
  script.stdin.write('\n');
  count(`${pair.truth}: ${pair.kind}`, verdict);
  count(`all ${pair.truth}`, verdict);
}
const [code] = await ended;
if (code !== 0) throw new Error(`answers.py ended with ${code}`);
for (const [kind, seen] of counts) {
  const all = Object.values(seen).reduce((sum, each) => sum + each, 0);
  const said = Object.entries(seen).map(([verdict, times]) => `${times} ${verdict}`);
  console.log(row(kind.padEnd(40), `of ${all}: ${said.join(', ')}`));
}

/** As the step CompareAnswers judges them; the answers to single rows are there already. */
async function judged({ labels, rows, pairs }: Pair): Promise<ComparisonVerdict> {
  const [before, after] = labels.map((classes) => ({ inputs: [], outputs: outputs(classes) }));
  if (!before || !after) throw new Error('two versions are compared');
  const known = new Map(rows.map((each, index) => [JSON.stringify(each), pairs[index]]));
  const knownOf = (side: 'before' | 'after', asked: readonly Row[]) =>
    asked.flatMap((each) => {
      const pair = known.get(JSON.stringify(each));
      return pair ? [pair[side]] : [];
    });
  const rowsOf = ({ body }: GoldenRequest) => (body as { inputs: readonly Row[] }).inputs;
  const answers = await askBoth({
    requests: rows.map((each, index) => ({
      what: `row ${index + 1}`,
      isDrawn: false,
      request: { protocol: 'invocations', body: { inputs: [each] } },
    })),
    live: async (request) => {
      const asked = rowsOf(request);
      const answered = knownOf('before', asked);
      const isKnown = answered.length === asked.length;
      return answer(said(isKnown ? answered : await ask(asked)));
    },
    candidate: async (request) => answer(said(knownOf('after', rowsOf(request)))),
    monotonicMs: () => 0,
    tolerated: TOLERATED,
    truth: { margin: 0.02 },
  });
  const differences = signatureDifferences(before, after);
  return judgeComparison({ isSameModel: false, differences, answers }).verdict;
}

/** The answers of the version before to rows that nobody has asked it. */
async function ask(rows: readonly Row[]): Promise<readonly Row[]> {
  script.stdin.write(`${JSON.stringify(rows)}\n`);
  const line = await lines.next();
  if (line.done) throw new Error('answers.py ended');
  return (JSON.parse(line.value) as { answers: Row[] }).answers;
}

/** The answer of a server to some rows, as JSON. */
function said(answers: readonly Row[]): object {
  return (answers[0]?.length ?? 0) > 1
    ? {
        label: answers.map(([label]) => `class ${label}`),
        odds: answers.map(([, ...odds]) => odds),
      }
    : { value: answers.flat() };
}

function answer(body: object) {
  return { kind: 'answer', status: 200, body: JSON.stringify(body) } as const;
}

function outputs(classes: readonly string[]): readonly TensorSpec[] {
  return classes.length === 0
    ? []
    : [{ name: 'odds', datatype: 'FP32', shape: [-1, classes.length], classes }];
}

function count(name: string, verdict: ComparisonVerdict): void {
  const seen = counts.get(name) ?? { broken: 0, changed: 0, same: 0, unproven: 0 };
  counts.set(name, { ...seen, [verdict]: seen[verdict] + 1 });
}
