// Counts the state transitions of Step Functions that one run of each workflow costs, walked on the state machines that ship.
// `node bench/transitions.ts`
import { retrySeconds } from '#domain/registry/loops.ts';
import type { WorkflowName } from '#ports/executions.ts';
import { type Script, walk } from '../test/support/walk/walk.ts';

type Run = {
  readonly what: string;
  readonly workflow: WorkflowName;
  readonly target?: 'lambda' | 'fargate' | 'ec2';
  readonly isBuilt?: boolean;
  /** The environment of its server is built first. */
  readonly environment?: 'environment';
  /** How long the candidate takes to get ready, and a change of shares to be seen (seconds). */
  readonly readySeconds: number;
  readonly spreadSeconds: number;
  /** How long each step of the shift is watched (seconds). */
  readonly bakes: readonly number[];
};

// https://aws.amazon.com/step-functions/pricing/ (Standard Workflows, us-east-1)
const USD_PER_MILLION = 25;
const SLICE_SECONDS = 30;

const LAMBDA = { target: 'lambda', readySeconds: 10, spreadSeconds: 5 } as const;
const FARGATE = { target: 'fargate', readySeconds: 90, spreadSeconds: 5 } as const;
const EC2 = { target: 'ec2', readySeconds: 240, spreadSeconds: 5 } as const;
const BUILT = { workflow: 'deploy', isBuilt: true } as const;
const GRANTED = { environmentUrl: '', environmentToken: '' } as const;
const AGAIN = { workflow: 'rollback', bakes: [0] } as const;

const RUNS: readonly Run[] = [
  { what: 'a first version on Lambda', ...BUILT, ...LAMBDA, bakes: [0] },
  {
    what: 'a first version on Lambda whose environment is new',
    ...BUILT,
    ...LAMBDA,
    environment: 'environment',
    bakes: [0],
  },
  { what: 'an upgrade on Lambda', ...BUILT, ...LAMBDA, bakes: [60] },
  { what: 'an upgrade on Fargate, a canary', ...BUILT, ...FARGATE, bakes: [120, 60] },
  { what: 'an upgrade on EC2, a canary', ...BUILT, ...EC2, bakes: [120, 60] },
  {
    what: 'a move from Lambda to Fargate',
    ...BUILT,
    ...FARGATE,
    spreadSeconds: 120,
    bakes: [300],
  },
  { what: 'a rollback on Lambda', ...AGAIN, ...LAMBDA, readySeconds: 0 },
  { what: 'a rollback on Fargate', ...AGAIN, ...FARGATE },
  { what: 'a rollback on EC2', ...AGAIN, ...EC2 },
  { what: 'an undeploy', workflow: 'undeploy', readySeconds: 0, spreadSeconds: 0, bakes: [] },
];

for (const run of RUNS) {
  const { states, historyEvents, outcome } = await walk(scriptOf(run), run.workflow);
  if (outcome !== 'Succeeded') throw new Error(`${run.what} ended as ${outcome}`);
  // One to start, and one into each state.
  const transitions = states.length + 1;
  const usd = (transitions * USD_PER_MILLION) / 1_000_000;
  const waits = `${run.readySeconds} s to get ready, bakes of ${run.bakes.join(' and ') || 0} s`;
  console.log(
    `${run.what} (${waits}): ${transitions} transitions, $${usd.toFixed(4)}; ${historyEvents} of 25,000 events`,
  );
}

function scriptOf(run: Run): Script {
  const { target = 'lambda', isBuilt, environment, readySeconds, spreadSeconds, bakes } = run;
  const needed = { kind: environment ?? 'needed', ...GRANTED } as const;
  return {
    ...(isBuilt && { PlanBuild: needed }),
    ChooseTarget: { target },
    DescribeCandidate: [
      ...looks(readySeconds).map(
        (attempt) => ({ kind: 'pending', retrySeconds: 1, attempt }) as const,
      ),
      { kind: 'ready', retrySeconds: 1, attempt: 1 },
    ],
    VerifyTraffic: bakes.flatMap(() => [
      ...looks(spreadSeconds).map(
        (attempt) => ({ kind: 'pending', retrySeconds: 1, attempt }) as const,
      ),
      { kind: 'verified', retrySeconds: 0, attempt: 1 } as const,
    ]),
    JudgeBake: bakes.flatMap((seconds, step) => [
      ...Array.from({ length: Math.max(0, Math.ceil(seconds / SLICE_SECONDS) - 1) }, () => ({
        ...({ kind: 'baking', sliceSeconds: SLICE_SECONDS, attempt: 1 } as const),
      })),
      { kind: step + 1 < bakes.length ? 'next' : 'done', sliceSeconds: 1, attempt: 1 } as const,
    ]),
  };
}

/** The number of looks at something that takes so long, at the steps' intervals. */
function looks(seconds: number): readonly number[] {
  const attempts: number[] = [];
  for (let passed = 0; passed < seconds; passed += retrySeconds(passed * 1000)) {
    attempts.push(attempts.length + 1);
  }
  return attempts;
}
