import { type Case, COMMITTED, denied, failing, GIVEN_UP, rolling, succeeding } from './cases.ts';

const ABLE = ['DescribeCandidate', 'IsCandidateReady', 'CheckHealth', 'IsCandidateHealthy'];
const PASSED = ['CompareAnswers', 'MayReplaceLive'];
const SHIFTED = ['ShiftTraffic', 'VerifyTraffic', 'IsTrafficVerified'];
const BAKED = ['Bake', 'JudgeBake', 'IsShiftDone'];

/** The states after a candidate was asked for, to Live. */
export const TO_LIVE = [...ABLE, ...PASSED, ...SHIFTED, ...BAKED, ...COMMITTED];

/** The possible fates of a requested candidate; `before` are the states until then. */
export function candidateCases(before: readonly string[]): readonly Case[] {
  const looked = [...before, 'DescribeCandidate', 'IsCandidateReady'];
  const able = [...before, ...ABLE];
  return [
    succeeding(
      'a candidate that needs time is waited for',
      {
        DescribeCandidate: [
          { kind: 'pending', retrySeconds: 1, attempt: 1 },
          { kind: 'ready', retrySeconds: 1, attempt: 2 },
        ],
      },
      [...looked, 'WaitForCandidate', ...TO_LIVE],
    ),
    failing(
      'a candidate that fails to start is given up',
      {
        DescribeCandidate: { kind: 'failed', retrySeconds: 1, attempt: 1 },
      },
      looked,
    ),
    failing(
      'a candidate that takes too long is given up',
      {
        DescribeCandidate: { kind: 'expired', retrySeconds: 1, attempt: 9 },
      },
      looked,
    ),
    failing(
      'waiting for a candidate ends after 600 looks',
      {
        DescribeCandidate: { kind: 'pending', retrySeconds: 1, attempt: 600 },
      },
      looked,
    ),
    failing(
      'a candidate that cannot be looked at is given up',
      { DescribeCandidate: denied },
      looked.slice(0, -1),
    ),
    failing(
      'an unhealthy candidate is given up before any traffic',
      {
        CheckHealth: { kind: 'unhealthy' },
      },
      able,
    ),
    failing(
      'a candidate that cannot be probed is given up before any traffic',
      {
        CheckHealth: denied,
      },
      able.slice(0, -1),
    ),
    failing(
      'a candidate that may not replace the live version is given up before any traffic',
      { CompareAnswers: { kind: 'blocked', retrySeconds: 0, attempt: 1 } },
      [...able, ...PASSED],
    ),
    succeeding(
      'a candidate that a person is to decide about goes on once they have approved it',
      {
        CompareAnswers: [
          { kind: 'pending', retrySeconds: 1, attempt: 1 },
          { kind: 'passed', retrySeconds: 0, attempt: 2 },
        ],
      },
      [...able, ...PASSED, 'WaitForDecision', ...PASSED, ...SHIFTED, ...BAKED, ...COMMITTED],
    ),
    failing(
      'a candidate that nobody decides about is given up',
      { CompareAnswers: { kind: 'pending', retrySeconds: 1, attempt: 400 } },
      [...able, ...PASSED],
    ),
    failing(
      'a candidate that cannot be compared is given up before any traffic',
      { CompareAnswers: denied },
      [...able, 'CompareAnswers'],
    ),
    ...shiftCases([...able, ...PASSED]),
  ];
}

/** The possible fates of a model that needs a container where there are no containers; `chosen` are the states up to that, `again` those from the lease back to that choice. */
export function containerCases(
  chosen: readonly string[],
  again: readonly string[],
): readonly Case[] {
  const awaited = [...chosen, 'AwaitContainers', 'AreContainersOn'];
  const pending = { kind: 'pending', retrySeconds: 1, attempt: 1 } as const;
  const none = { ChooseTarget: { target: 'none' } } as const;
  const failed = (name: string, script: Case['script'], states: readonly string[]): Case => ({
    name,
    script: { ...none, ...script },
    states: [...states, 'Failed'],
    outcome: 'DeploymentFailed',
  });
  return [
    succeeding(
      'a model that needs a container goes on once there are containers',
      {
        ChooseTarget: [{ target: 'none' }, { target: 'fargate' }],
        AwaitContainers: [pending, { ...pending, kind: 'ready', attempt: 2 }],
      },
      [
        ...[...awaited, 'WaitForContainers', 'AwaitContainers', 'AreContainersOn'],
        ...[...again, 'ProvisionFargate', ...TO_LIVE],
      ],
    ),
    ...(['rejected', 'superseded', 'aborted'] as const).map((kind) =>
      succeeding(
        `a model that waits for containers ends as ${kind} when the step says so`,
        { ...none, AwaitContainers: { ...pending, kind } },
        [...awaited, `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`],
      ),
    ),
    failed(
      'waiting for containers ends after 200 looks',
      { AwaitContainers: { ...pending, attempt: 200 } },
      awaited,
    ),
    failed(
      'containers that cannot be looked for fail',
      { AwaitContainers: denied },
      awaited.slice(0, -1),
    ),
  ];
}

function shiftCases(able: readonly string[]): readonly Case[] {
  const shifted = [...able, ...SHIFTED];
  const baked = [...shifted, ...BAKED];
  return [
    rolling('a shift that fails is rolled back', { ShiftTraffic: denied }, [
      ...able,
      'ShiftTraffic',
    ]),
    succeeding(
      'a shift that spreads slowly is waited for',
      {
        VerifyTraffic: [
          { kind: 'pending', retrySeconds: 1, attempt: 1 },
          { kind: 'verified', retrySeconds: 0, attempt: 2 },
        ],
      },
      [...shifted, 'WaitForTraffic', 'VerifyTraffic', 'IsTrafficVerified', ...BAKED, ...COMMITTED],
    ),
    rolling(
      'a shift that is not seen in time is rolled back',
      {
        VerifyTraffic: { kind: 'expired', retrySeconds: 1, attempt: 9 },
      },
      shifted,
    ),
    rolling(
      'waiting for a shift ends after 600 looks',
      {
        VerifyTraffic: { kind: 'pending', retrySeconds: 1, attempt: 600 },
      },
      shifted,
    ),
    rolling(
      'a shift that cannot be verified is rolled back',
      { VerifyTraffic: denied },
      shifted.slice(0, -1),
    ),
    succeeding(
      'a bake goes on slice by slice',
      {
        JudgeBake: [
          { kind: 'baking', sliceSeconds: 1, attempt: 1 },
          { kind: 'done', sliceSeconds: 1, attempt: 2 },
        ],
      },
      [...baked, ...BAKED, ...COMMITTED],
    ),
    succeeding(
      'a step of a shift is followed by the next',
      {
        JudgeBake: [
          { kind: 'next', sliceSeconds: 1, attempt: 1 },
          { kind: 'done', sliceSeconds: 1, attempt: 2 },
        ],
      },
      [...baked, ...SHIFTED, ...BAKED, ...COMMITTED],
    ),
    rolling(
      'a breach is rolled back',
      { JudgeBake: { kind: 'breach', sliceSeconds: 1, attempt: 1 } },
      baked,
    ),
    rolling(
      'a breach in a later step is rolled back',
      {
        JudgeBake: [
          { kind: 'next', sliceSeconds: 1, attempt: 1 },
          { kind: 'breach', sliceSeconds: 1, attempt: 2 },
        ],
      },
      [...baked, ...SHIFTED, ...BAKED],
    ),
    rolling(
      'a bake ends after 600 slices',
      { JudgeBake: { kind: 'baking', sliceSeconds: 1, attempt: 600 } },
      baked,
    ),
    rolling(
      'a bake that cannot be judged is rolled back',
      { JudgeBake: denied },
      baked.slice(0, -1),
    ),
    ...endCases(baked),
  ];
}

function endCases(baked: readonly string[]): readonly Case[] {
  const breach = { JudgeBake: { kind: 'breach', sliceSeconds: 1, attempt: 1 } } as const;
  return [
    rolling(
      'a commit that is refused is rolled back',
      {
        CommitDeployment: { throws: 'PhaseConflict' },
      },
      [...baked, 'CommitDeployment'],
    ),
    succeeding(
      'a commit whose answer was lost ends live',
      {
        CommitDeployment: denied,
        Compensate: { kind: 'Live', drainSeconds: 0 },
      },
      [...baked, 'CommitDeployment', 'RollBack', ...GIVEN_UP, 'Live'],
    ),
    succeeding('after the commit a failure only rolls forward', { RetirePrevious: denied }, [
      ...baked,
      ...COMMITTED,
    ]),
    succeeding('a lease that cannot be released changes no outcome', { ReleaseLease: denied }, [
      ...baked,
      ...COMMITTED,
    ]),
    {
      name: 'a roll back that fails is left to recovery',
      script: { ...breach, RollBack: denied },
      states: [...baked, 'RollBack', 'Failed'],
      outcome: 'DeploymentFailed',
    },
    {
      name: 'a compensation that fails is left to recovery',
      script: { CheckHealth: denied, Compensate: denied },
      states: [...baked.slice(0, baked.indexOf('IsCandidateHealthy')), 'Compensate', 'Failed'],
      outcome: 'DeploymentFailed',
    },
  ];
}
