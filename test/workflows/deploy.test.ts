import { edges } from '../support/deploy-asl.ts';
import { type Script, type Walk, walk } from '../support/walk.ts';

const lease = { epoch: 1, resume: 'none', retrySeconds: 0, attempt: 1 } as const;
const denied = { throws: 'PlatformDenied' } as const;
const built = { kind: 'built', imageTag: '', artifactUrl: '', token: '' } as const;
const needed = {
  ...built,
  kind: 'needed',
  imageTag: 'digits-1',
  artifactUrl: 'file:///parts.json',
  token: 't1',
} as const;
const rolledBack = { kind: 'RolledBack', drainSeconds: 0 } as const;

const START = ['AdmitDeployment', 'IsAdmitted', 'AcquireLease', 'HasLease'];
const TO_PLAN = [...START, 'InspectArtifact', 'PlanBuild', 'IsImageBuilt'];
const TO_TARGET = [...TO_PLAN, 'ChooseTarget', 'WhichTarget'];
const TO_CANDIDATE = [...TO_TARGET, 'ProvisionLambda', 'DescribeCandidate', 'IsCandidateReady'];
const TO_HEALTH = [...TO_CANDIDATE, 'CheckHealth', 'IsCandidateHealthy'];
const TO_TRAFFIC = [...TO_HEALTH, 'ShiftTraffic', 'VerifyTraffic', 'IsTrafficVerified'];
const TO_BAKE = [...TO_TRAFFIC, 'Bake', 'JudgeBake', 'IsShiftDone'];
const COMMITTED = [
  'CommitDeployment',
  'DrainPrevious',
  'RetirePrevious',
  'ReleaseLease',
  'WhichEnd',
  'Live',
];
const GIVEN_UP = ['Compensate', 'ReleaseLease', 'WhichEnd'];

type Case = {
  readonly name: string;
  readonly script: Script;
  readonly states: readonly string[];
  readonly outcome: string;
};

const BUILDS: readonly Case[] = [
  {
    name: 'an artifact that needs an image is built first',
    script: { PlanBuild: needed },
    states: [...TO_PLAN, 'BuildImage', ...TO_BAKE.slice(TO_PLAN.length), ...COMMITTED],
    outcome: 'Succeeded',
  },
  {
    name: 'a build that fails is explained and given up',
    script: { PlanBuild: needed, BuildImage: [{ throws: 'States.TaskFailed' }] },
    states: [...TO_PLAN, 'BuildImage', 'ExplainBuild', ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a failed build that cannot be explained is given up all the same',
    script: {
      PlanBuild: needed,
      BuildImage: [{ throws: 'States.TaskFailed' }],
      ExplainBuild: denied,
    },
    states: [...TO_PLAN, 'BuildImage', 'ExplainBuild', ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a plan that the workflow does not know is given up',
    script: { PlanBuild: { unforeseen: { ...built, kind: 'someday' } } },
    states: [...TO_PLAN, ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
];

const CASES: readonly Case[] = [
  ...BUILDS,

  {
    name: 'a good model goes live',
    script: {},
    states: [...TO_BAKE, ...COMMITTED],
    outcome: 'Succeeded',
  },

  {
    name: 'an upload that deploys nothing is ignored',
    script: { AdmitDeployment: { kind: 'ignored', id: '', model: '', reason: 'same bytes' } },
    states: ['AdmitDeployment', 'IsAdmitted', 'Ignored'],
    outcome: 'Succeeded',
  },
  {
    name: 'an upload older than one admitted is superseded',
    script: { AdmitDeployment: { kind: 'superseded', id: 'd1', model: 'digits', reason: '' } },
    states: ['AdmitDeployment', 'IsAdmitted', 'Superseded'],
    outcome: 'Succeeded',
  },
  {
    name: 'a key that may not be is rejected',
    script: { AdmitDeployment: { kind: 'rejected', id: 'd1', model: 'Digits!', reason: 'name' } },
    states: ['AdmitDeployment', 'IsAdmitted', 'Rejected'],
    outcome: 'Succeeded',
  },
  {
    name: 'an admission that answers what the workflow does not know fails',
    script: { AdmitDeployment: { unforeseen: { kind: 'postponed', id: 'd1' } } },
    states: ['AdmitDeployment', 'IsAdmitted', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'an admission that cannot be recorded fails',
    script: { AdmitDeployment: denied },
    states: ['AdmitDeployment', 'Failed'],
    outcome: 'DeploymentFailed',
  },

  {
    name: 'a deployment waits while another one of its model is in progress',
    script: {
      AcquireLease: [
        { ...lease, kind: 'held' },
        { ...lease, kind: 'acquired', attempt: 2 },
      ],
    },
    states: [...START, 'WaitForLease', ...TO_BAKE.slice(2), ...COMMITTED],
    outcome: 'Succeeded',
  },
  {
    name: 'a waiting deployment is superseded by a newer one',
    script: {
      AcquireLease: [
        { ...lease, kind: 'held' },
        { ...lease, kind: 'superseded' },
      ],
    },
    states: [...START, 'WaitForLease', 'AcquireLease', 'HasLease', 'Superseded'],
    outcome: 'Succeeded',
  },
  {
    name: 'waiting for the lease ends after 600 looks',
    script: { AcquireLease: { ...lease, kind: 'held', attempt: 600 } },
    states: [...START, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'waiting for the lease ends when the step says so',
    script: { AcquireLease: { ...lease, kind: 'expired' } },
    states: [...START, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a lease that cannot be asked for fails',
    script: { AcquireLease: denied },
    states: ['AdmitDeployment', 'IsAdmitted', 'AcquireLease', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a recovery goes on rolling back',
    script: {
      AcquireLease: { ...lease, kind: 'acquired', resume: 'rollback' },
      Compensate: rolledBack,
    },
    states: [...START, 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'a recovery goes on after the commit',
    script: { AcquireLease: { ...lease, kind: 'acquired', resume: 'retire' } },
    states: [...START, ...COMMITTED],
    outcome: 'Succeeded',
  },

  {
    name: 'a bad artifact is rejected, which is no incident',
    script: {
      InspectArtifact: { throws: 'ArtifactRejected' },
      Compensate: { kind: 'Rejected', drainSeconds: 0 },
    },
    states: [...START, 'InspectArtifact', ...GIVEN_UP, 'Rejected'],
    outcome: 'Succeeded',
  },
  {
    name: 'a plan that cannot be made fails',
    script: { PlanBuild: denied },
    states: [...START, 'InspectArtifact', 'PlanBuild', ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a model that fits nowhere is rejected',
    script: {
      ChooseTarget: { throws: 'ArtifactRejected' },
      Compensate: { kind: 'Rejected', drainSeconds: 0 },
    },
    states: [...TO_TARGET.slice(0, -1), ...GIVEN_UP, 'Rejected'],
    outcome: 'Succeeded',
  },
  {
    name: 'a target that this workflow does not know is given up',
    script: { ChooseTarget: { target: 'mainframe' } },
    states: [...TO_TARGET, ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a candidate that cannot be created is given up',
    script: { ProvisionLambda: denied },
    states: [...TO_TARGET, 'ProvisionLambda', ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },

  {
    name: 'a candidate that needs time is waited for',
    script: {
      DescribeCandidate: [
        { kind: 'pending', retrySeconds: 1, attempt: 1 },
        { kind: 'ready', retrySeconds: 1, attempt: 2 },
      ],
    },
    states: [...TO_CANDIDATE, 'WaitForCandidate', ...TO_BAKE.slice(10), ...COMMITTED],
    outcome: 'Succeeded',
  },
  {
    name: 'a candidate that fails to start is given up',
    script: { DescribeCandidate: { kind: 'failed', retrySeconds: 1, attempt: 1 } },
    states: [...TO_CANDIDATE, ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a candidate that takes too long is given up',
    script: { DescribeCandidate: { kind: 'expired', retrySeconds: 1, attempt: 9 } },
    states: [...TO_CANDIDATE, ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'waiting for a candidate ends after 600 looks',
    script: { DescribeCandidate: { kind: 'pending', retrySeconds: 1, attempt: 600 } },
    states: [...TO_CANDIDATE, ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a candidate that cannot be looked at is given up',
    script: { DescribeCandidate: denied },
    states: [...TO_CANDIDATE.slice(0, -1), ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },

  {
    name: 'an unhealthy candidate is given up before any traffic',
    script: { CheckHealth: { kind: 'unhealthy' } },
    states: [...TO_HEALTH, ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a candidate that cannot be probed is given up before any traffic',
    script: { CheckHealth: denied },
    states: [...TO_HEALTH.slice(0, -1), ...GIVEN_UP, 'Failed'],
    outcome: 'DeploymentFailed',
  },

  {
    name: 'a shift that fails is rolled back',
    script: { ShiftTraffic: denied, Compensate: rolledBack },
    states: [...TO_HEALTH, 'ShiftTraffic', 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'a shift that spreads slowly is waited for',
    script: {
      VerifyTraffic: [
        { kind: 'pending', retrySeconds: 1, attempt: 1 },
        { kind: 'verified', retrySeconds: 0, attempt: 2 },
      ],
    },
    states: [
      ...TO_TRAFFIC,
      'WaitForTraffic',
      'VerifyTraffic',
      'IsTrafficVerified',
      ...TO_BAKE.slice(-3),
      ...COMMITTED,
    ],
    outcome: 'Succeeded',
  },
  {
    name: 'a shift that is not seen in time is rolled back',
    script: {
      VerifyTraffic: { kind: 'expired', retrySeconds: 1, attempt: 9 },
      Compensate: rolledBack,
    },
    states: [...TO_TRAFFIC, 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'waiting for a shift ends after 600 looks',
    script: {
      VerifyTraffic: { kind: 'pending', retrySeconds: 1, attempt: 600 },
      Compensate: rolledBack,
    },
    states: [...TO_TRAFFIC, 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'a shift that cannot be verified is rolled back',
    script: { VerifyTraffic: denied, Compensate: rolledBack },
    states: [...TO_TRAFFIC.slice(0, -1), 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },

  {
    name: 'a bake goes on slice by slice',
    script: {
      JudgeBake: [
        { kind: 'baking', attempt: 1 },
        { kind: 'done', attempt: 2 },
      ],
    },
    states: [...TO_BAKE, 'Bake', 'JudgeBake', 'IsShiftDone', ...COMMITTED],
    outcome: 'Succeeded',
  },
  {
    name: 'a breach is rolled back',
    script: { JudgeBake: { kind: 'breach', attempt: 1 }, Compensate: rolledBack },
    states: [...TO_BAKE, 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'a bake ends after 600 slices',
    script: { JudgeBake: { kind: 'baking', attempt: 600 }, Compensate: rolledBack },
    states: [...TO_BAKE, 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'a bake that cannot be judged is rolled back',
    script: { JudgeBake: denied, Compensate: rolledBack },
    states: [...TO_BAKE.slice(0, -1), 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },

  {
    name: 'a commit that is refused is rolled back',
    script: { CommitDeployment: { throws: 'PhaseConflict' }, Compensate: rolledBack },
    states: [...TO_BAKE, 'CommitDeployment', 'RollBack', ...GIVEN_UP, 'RolledBack'],
    outcome: 'DeploymentRolledBack',
  },
  {
    name: 'a commit whose answer was lost ends live',
    script: { CommitDeployment: denied, Compensate: { kind: 'Live', drainSeconds: 0 } },
    states: [...TO_BAKE, 'CommitDeployment', 'RollBack', ...GIVEN_UP, 'Live'],
    outcome: 'Succeeded',
  },
  {
    name: 'after the commit a failure only rolls forward',
    script: { RetirePrevious: denied },
    states: [...TO_BAKE, ...COMMITTED],
    outcome: 'Succeeded',
  },
  {
    name: 'a lease that cannot be released changes no outcome',
    script: { ReleaseLease: denied },
    states: [...TO_BAKE, ...COMMITTED],
    outcome: 'Succeeded',
  },

  {
    name: 'a roll back that fails is left to settle',
    script: { JudgeBake: { kind: 'breach', attempt: 1 }, RollBack: denied },
    states: [...TO_BAKE, 'RollBack', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'a compensation that fails is left to settle',
    script: { InspectArtifact: denied, Compensate: denied },
    states: [...START, 'InspectArtifact', 'Compensate', 'Failed'],
    outcome: 'DeploymentFailed',
  },
];

describe('the deploy workflow', () => {
  const walks = new Map<string, Promise<Walk>>();
  const walked = ({ name, script }: Case) => {
    const run = walks.get(name) ?? walk(script);
    walks.set(name, run);
    return run;
  };

  it.each(CASES)('$name', async (workflowCase) => {
    const { states, outcome } = await walked(workflowCase);

    expect({ states, outcome }).toEqual({
      states: workflowCase.states,
      outcome: workflowCase.outcome,
    });
  });

  it('has every edge walked by some case, and no other', async () => {
    const taken = (await Promise.all(CASES.map(walked))).flatMap((run) => run.edges);

    const name = ({ from, by, to }: { from: string; by: string; to: string }) =>
      `${from} -${by}→ ${to}`;
    expect([...new Set(taken.map(name))].sort()).toEqual(edges().map(name).sort());
  });

  it.each([
    'PlatformThrottled',
    'PlatformUnavailable',
    'SharesChanged',
    'TrafficUnverified',
  ] as const)('a step that fails with %s is run again', async (error) => {
    const run = await walk({ PlanBuild: [{ throws: error }, { throws: error }, built] });

    expect(run.runs['PlanBuild']).toBe(3);
    expect(run.states.at(-1)).toBe('Live');
  });

  it('a step that is denied is not run again', async () => {
    const run = await walk({ PlanBuild: denied });

    expect(run.runs['PlanBuild']).toBe(1);
  });

  it('a step that is throttled for ever is given up after seven runs', async () => {
    const run = await walk({ PlanBuild: { throws: 'PlatformThrottled' } });

    expect(run.runs['PlanBuild']).toBe(7);
    expect(run.states.at(-1)).toBe('Failed');
  });

  it('a build that the account has no room for waits and is started again', async () => {
    const full = { throws: 'CodeBuild.AccountLimitExceededException' };
    const image = { Build: { ExportedEnvironmentVariables: [{ Name: 'A', Value: 'b' }] } };
    const run = await walk({ PlanBuild: needed, BuildImage: [full, full, image] });

    expect(run.runs['BuildImage']).toBe(3);
    expect(run.payloads['ChooseTarget']).toEqual([
      { deploymentId: 'd1', epoch: 1, variables: [{ Name: 'A', Value: 'b' }] },
    ]);
  });

  it('a build that failed is not run again', async () => {
    const run = await walk({ PlanBuild: needed, BuildImage: [{ throws: 'States.TaskFailed' }] });

    expect(run.runs['BuildImage']).toBe(1);
  });

  it('a build is told which image of which artifact', async () => {
    const run = await walk({ PlanBuild: needed });

    expect(run.payloads['BuildImage']).toEqual([
      {
        ProjectName: '${ImageProject}',
        IdempotencyToken: 't1',
        EnvironmentVariablesOverride: [
          { Name: 'IMAGE_TAG', Type: 'PLAINTEXT', Value: 'digits-1' },
          { Name: 'ARTIFACT_URL', Type: 'PLAINTEXT', Value: 'file:///parts.json' },
        ],
      },
    ]);
  });

  it('a compensation is told the error that led to it', async () => {
    const run = await walk({ InspectArtifact: { throws: 'ArtifactRejected' } });

    expect(run.payloads['Compensate']).toEqual([
      {
        deploymentId: 'd1',
        epoch: 1,
        error: {
          Error: 'ArtifactRejected',
          Cause: JSON.stringify({
            errorType: 'ArtifactRejected',
            errorMessage: 'ArtifactRejected was scripted',
          }),
        },
      },
    ]);
  });

  it('each look of a loop knows how many went before it', async () => {
    const pending = (attempt: number) => ({ kind: 'pending', retrySeconds: 1, attempt }) as const;
    const run = await walk({
      DescribeCandidate: [pending(1), pending(2), { kind: 'ready', retrySeconds: 1, attempt: 3 }],
    });

    const attempts = run.payloads['DescribeCandidate']!.map(
      (payload) => (payload as { attempt: number }).attempt,
    );
    expect(attempts).toEqual([0, 1, 2]);
  });
});
