import { tooManyBuilds } from '../support/aws/rules/codebuild.ts';
import { candidateCases, containerCases, TO_LIVE } from '../support/walk/candidate-cases.ts';
import {
  aborting,
  type Case,
  denied,
  describeWalks,
  failing,
  lease,
  leaseCases,
  recoveryCases,
  succeeding,
} from '../support/walk/cases.ts';
import { type Script, walk } from '../support/walk/walk.ts';

const built = { kind: 'built', environmentUrl: '', environmentToken: '' } as const;
const needed = { ...built, kind: 'needed' } as const;
const environment = {
  ...needed,
  kind: 'environment',
  environmentUrl: 'file:///environments.json',
  environmentToken: 't2',
} as const;
const full = {
  throws: 'CodeBuild.AccountLimitExceededException',
  says: tooManyBuilds(1).message,
};
const held = { ...full, says: tooManyBuilds(0).message };
const image = { Build: { ExportedEnvironmentVariables: [{ Name: 'A', Value: 'b' }] } };
const dockerfile = {
  kind: 'dockerfile',
  ownImageUrl: 'file:///own.json',
  ownImageToken: 't3',
  imageTag: 'digits-1',
  artifactUrl: 'file:///parts.json',
  computeType: 'BUILD_GENERAL1_SMALL',
  token: 't1',
} as const;
const ROOM = [
  'IsBuildHeld',
  'WaitForRoom',
  'CountRoom',
  'ForgetRefusal',
  'PlanBuild',
  'IsImageBuilt',
];
const broken = [{ throws: 'States.TaskFailed' }];

const START = ['AdmitDeployment', 'IsAdmitted', 'AcquireLease', 'HasLease'];
const TO_PLAN = ['InspectArtifact', 'PlanBuild', 'IsImageBuilt'];
const PLANNED = [...START, ...TO_PLAN];
const CHOSEN = [...PLANNED, 'ChooseTarget', 'WhichTarget'];
const ON_LAMBDA = [...TO_PLAN, 'ChooseTarget', 'WhichTarget', 'ProvisionLambda'];
const REJECTED = ['Compensate', 'ReleaseLease', 'WhichEnd', 'Rejected'];

const ADMISSIONS: readonly Case[] = [
  succeeding(
    'an upload that deploys nothing is ignored',
    { AdmitDeployment: { kind: 'ignored', id: '', model: '', reason: 'same bytes' } },
    ['AdmitDeployment', 'IsAdmitted', 'Ignored'],
  ),
  succeeding(
    'an upload older than one admitted is superseded',
    { AdmitDeployment: { kind: 'superseded', id: 'd1', model: 'digits', reason: '' } },
    ['AdmitDeployment', 'IsAdmitted', 'Superseded'],
  ),
  succeeding(
    'a key that may not be is rejected',
    { AdmitDeployment: { kind: 'rejected', id: 'd1', model: 'Digits!', reason: 'name' } },
    ['AdmitDeployment', 'IsAdmitted', 'Rejected'],
  ),
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
  succeeding(
    'a waiting deployment is superseded by a newer one',
    {
      AcquireLease: [
        { ...lease, kind: 'held' },
        { ...lease, kind: 'superseded' },
      ],
    },
    [...START, 'WaitForLease', 'AcquireLease', 'HasLease', 'Superseded'],
  ),
];

const BUILDS: readonly Case[] = [
  succeeding(
    'a function that the account gives less memory is chosen for again',
    { ProvisionLambda: [{ throws: 'TargetRefused' }, {}] },
    [...CHOSEN, 'ProvisionLambda', 'ChooseTarget', 'WhichTarget', 'ProvisionLambda', ...TO_LIVE],
  ),
  succeeding('an artifact that needs an image is built first', { PlanBuild: needed }, [
    ...PLANNED,
    ...[
      'GrantBuild',
      'IsDockerfile',
      'BuildImage',
      'ChooseTarget',
      'WhichTarget',
      'ProvisionLambda',
    ],
    ...TO_LIVE,
  ]),
  succeeding(
    'what an artifact is served by is built before it, where it is not there yet',
    { PlanBuild: environment },
    [
      ...PLANNED,
      ...['BuildEnvironment', 'GrantBuild', 'IsDockerfile', 'BuildImage'],
      ...['ChooseTarget', 'WhichTarget', 'ProvisionLambda'],
      ...TO_LIVE,
    ],
  ),
  failing(
    'a build of an environment that fails is explained, and no image is built',
    { PlanBuild: environment, BuildEnvironment: broken },
    [...PLANNED, 'BuildEnvironment', 'ExplainBuild'],
  ),
  succeeding(
    'a build that the account has no room for waits, and is started again',
    { PlanBuild: needed, BuildImage: [full, image] },
    [
      ...[
        ...PLANNED,
        'GrantBuild',
        'IsDockerfile',
        'BuildImage',
        ...ROOM,
        'GrantBuild',
        'IsDockerfile',
        'BuildImage',
      ],
      ...['ChooseTarget', 'WhichTarget', 'ProvisionLambda', ...TO_LIVE],
    ],
  ),
  succeeding(
    'the build of an environment waits for room in the account too',
    { PlanBuild: environment, BuildEnvironment: [full, { Build: {} }] },
    [
      ...[
        ...PLANNED,
        'BuildEnvironment',
        ...ROOM,
        'BuildEnvironment',
        'GrantBuild',
        'IsDockerfile',
        'BuildImage',
      ],
      ...['ChooseTarget', 'WhichTarget', 'ProvisionLambda', ...TO_LIVE],
    ],
  ),
  ...(['BuildEnvironment', 'BuildImage'] as const).map((state) =>
    failing(
      `a ${state} in an account that may run no build at all waits for nothing`,
      { PlanBuild: state === 'BuildImage' ? needed : environment, [state]: [held] },
      [
        ...[...PLANNED, ...(state === 'BuildImage' ? ['GrantBuild', 'IsDockerfile'] : []), state],
        ...['IsBuildHeld', 'ExplainBuild'],
      ],
    ),
  ),
  succeeding(
    'a Dockerfile is built apart, before its image is pushed',
    { PlanBuild: needed, GrantBuild: dockerfile },
    [
      ...[...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildOwnImage', 'BuildImage'],
      ...['ChooseTarget', 'WhichTarget', 'ProvisionLambda', ...TO_LIVE],
    ],
  ),
  failing(
    'a Dockerfile whose build fails is explained, and nothing is pushed',
    { PlanBuild: needed, GrantBuild: dockerfile, BuildOwnImage: broken },
    [...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildOwnImage', 'ExplainBuild'],
  ),
  succeeding(
    'the build of a Dockerfile waits for room in the account too',
    { PlanBuild: needed, GrantBuild: dockerfile, BuildOwnImage: [full, { Build: {} }] },
    [
      ...[...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildOwnImage', ...ROOM],
      ...['GrantBuild', 'IsDockerfile', 'BuildOwnImage', 'BuildImage'],
      ...['ChooseTarget', 'WhichTarget', 'ProvisionLambda', ...TO_LIVE],
    ],
  ),
  failing(
    'a grant that the workflow does not know is given up',
    { PlanBuild: needed, GrantBuild: { unforeseen: { ...dockerfile, kind: 'someday' } } },
    [...PLANNED, 'GrantBuild', 'IsDockerfile'],
  ),
  failing(
    'a build that fails is explained and given up',
    { PlanBuild: needed, BuildImage: broken },
    [...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildImage', 'ExplainBuild'],
  ),
  failing(
    'a build that may not be given its artifact is never begun',
    { PlanBuild: needed, GrantBuild: denied },
    [...PLANNED, 'GrantBuild'],
  ),
  succeeding(
    'a build that was stopped for a newer upload is no incident',
    {
      PlanBuild: needed,
      BuildImage: broken,
      Compensate: { kind: 'Superseded', drainSeconds: 0 },
    },
    [
      ...[...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildImage', 'ExplainBuild'],
      ...['Compensate', 'ReleaseLease', 'WhichEnd', 'Superseded'],
    ],
  ),
  aborting(
    'a build that a person has aborted is no incident',
    { PlanBuild: needed, BuildImage: broken },
    [...[...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildImage', 'ExplainBuild']],
  ),
  failing(
    'a failed build that cannot be explained is given up all the same',
    { PlanBuild: needed, BuildImage: broken, ExplainBuild: denied },
    [...PLANNED, 'GrantBuild', 'IsDockerfile', 'BuildImage', 'ExplainBuild'],
  ),
  failing(
    'a plan that the workflow does not know is given up',
    { PlanBuild: { unforeseen: { ...built, kind: 'someday' } } },
    PLANNED,
  ),
];

const TARGETS: readonly Case[] = [
  ...(['Lambda', 'Fargate', 'Ec2'] as const).flatMap((name) => {
    const state = `Provision${name}` as const;
    const chosen: Script = {
      ChooseTarget: { target: name.toLowerCase() as Lowercase<typeof name> },
    };
    const states = [...CHOSEN, state];
    return [
      succeeding(`a good model goes live on ${name}`, chosen, [...states, ...TO_LIVE]),
      failing(
        `a candidate that cannot be created on ${name} is given up`,
        { ...chosen, [state]: denied },
        states,
      ),
    ];
  }),
  failing(
    'a target that this workflow does not know is given up',
    { ChooseTarget: { unforeseen: { target: 'mainframe' } } },
    CHOSEN,
  ),
  succeeding(
    'a model that fits nowhere is rejected',
    {
      ChooseTarget: { throws: 'ArtifactRejected' },
      Compensate: { kind: 'Rejected', drainSeconds: 0 },
    },
    [...CHOSEN.slice(0, -1), ...REJECTED],
  ),
];

const CASES: readonly Case[] = [
  ...ADMISSIONS,
  ...leaseCases(START, [...ON_LAMBDA, ...TO_LIVE]),
  ...recoveryCases(START),
  succeeding(
    'a bad artifact is rejected, which is no incident',
    {
      InspectArtifact: { throws: 'ArtifactRejected' },
      Compensate: { kind: 'Rejected', drainSeconds: 0 },
    },
    [...START, 'InspectArtifact', ...REJECTED],
  ),
  failing('a plan that cannot be made fails', { PlanBuild: denied }, PLANNED.slice(0, -1)),
  ...BUILDS,
  ...TARGETS,
  ...candidateCases([...START, ...ON_LAMBDA]),
  ...containerCases(CHOSEN, ['AcquireLease', 'HasLease', ...CHOSEN.slice(START.length)]),
];

describe('the deploy workflow', () => {
  describeWalks('deploy', CASES);

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

  it('a step that is throttled for ever is given up after 31 runs', async () => {
    const run = await walk({ PlanBuild: { throws: 'PlatformThrottled' } });

    expect(run.runs['PlanBuild']).toBe(31);
    expect(run.states.at(-1)).toBe('Failed');
  });

  it('a build that the account has no room for waits and is started again', async () => {
    const run = await walk({ PlanBuild: needed, BuildImage: [full, full, image] });

    expect(run.runs['BuildImage']).toBe(3);
    expect(run.payloads['ChooseTarget']).toEqual([
      { deploymentId: 'd1', epoch: 1, variables: [{ Name: 'A', Value: 'b' }] },
    ]);
  });

  it('a build whose start was not answered is started again', async () => {
    const lost = { throws: 'CodeBuild.CodeBuildException' };
    const run = await walk({ PlanBuild: needed, BuildImage: [lost, image] });

    expect(run.runs['BuildImage']).toBe(2);
    expect(run.states.at(-1)).toBe('Live');
  });

  it('a step that was idle for weeks is waited for', async () => {
    const waking = { throws: 'Lambda.CodeArtifactUserPendingException' } as const;
    const run = await walk({ CheckHealth: [waking, waking, waking, { kind: 'healthy' }] });

    expect(run.runs['CheckHealth']).toBe(4);
    expect(run.states.at(-1)).toBe('Live');
  });

  it('a build that never gets its room is explained after 90 looks', async () => {
    const run = await walk({ PlanBuild: needed, BuildImage: [full] });

    expect(run.runs['BuildImage']).toBe(91);
    expect(run.payloads['ExplainBuild']).toMatchObject([
      { error: { Error: full.throws, Cause: full.says } },
    ]);
  });

  it('what fails after a build has got its room has an error of its own', async () => {
    const run = await walk({
      PlanBuild: needed,
      BuildImage: [full, image],
      DescribeCandidate: { kind: 'failed', retrySeconds: 1, attempt: 1 },
    });

    expect(run.payloads['Compensate']).toMatchObject([{ error: { Error: '', Cause: '' } }]);
  });

  it.each([
    ['BuildImage', { PlanBuild: needed, BuildImage: broken }],
    ['BuildEnvironment', { PlanBuild: environment, BuildEnvironment: broken }],
  ] as const)('a %s that failed is not run again', async (state, script) => {
    const run = await walk(script);

    expect(run.runs[state]).toBe(1);
  });

  it('the build of an environment is told nothing of the artifact, and leaves nothing to the image', async () => {
    const run = await walk({ PlanBuild: environment });

    expect(run.payloads['BuildEnvironment']).toEqual([
      {
        ProjectName: `\${EnvironmentProject}`,
        IdempotencyToken: 't2',
        EnvironmentVariablesOverride: [
          { Name: 'ORDER_URL', Type: 'PLAINTEXT', Value: 'file:///environments.json' },
          { Name: 'DEPLOYMENT_ID', Type: 'PLAINTEXT', Value: 'd1' },
        ],
      },
    ]);
    expect(run.payloads['BuildImage']).toMatchObject([{ IdempotencyToken: 't1' }]);
    expect(run.payloads['ChooseTarget']).toMatchObject([
      { variables: [{ Name: 'A', Value: 'b' }] },
    ]);
  });

  it('the build of a Dockerfile is told its own list, and exports nothing that anything goes by', async () => {
    const exported = { Build: { ExportedEnvironmentVariables: [{ Name: 'A', Value: 'forged' }] } };
    const run = await walk({
      PlanBuild: needed,
      GrantBuild: dockerfile,
      BuildOwnImage: [exported],
    });

    expect(run.payloads['BuildOwnImage']).toEqual([
      {
        ProjectName: `\${OwnImageProject}`,
        IdempotencyToken: 't3',
        ComputeTypeOverride: 'BUILD_GENERAL1_SMALL',
        EnvironmentVariablesOverride: [
          { Name: 'IMAGE_TAG', Type: 'PLAINTEXT', Value: 'digits-1' },
          { Name: 'ARTIFACT_URL', Type: 'PLAINTEXT', Value: 'file:///own.json' },
          { Name: 'DEPLOYMENT_ID', Type: 'PLAINTEXT', Value: 'd1' },
        ],
      },
    ]);
    expect(run.payloads['BuildImage']).toMatchObject([{ IdempotencyToken: 't1' }]);
    expect(run.payloads['ChooseTarget']).toMatchObject([
      { variables: [{ Name: 'A', Value: 'b' }] },
    ]);
  });

  it('a build is told which image of which artifact, and on which machine', async () => {
    const run = await walk({ PlanBuild: needed });

    expect(run.payloads['BuildImage']).toEqual([
      {
        ProjectName: `\${ImageProject}`,
        IdempotencyToken: 't1',
        ComputeTypeOverride: 'BUILD_GENERAL1_SMALL',
        EnvironmentVariablesOverride: [
          { Name: 'IMAGE_TAG', Type: 'PLAINTEXT', Value: 'digits-1' },
          { Name: 'ARTIFACT_URL', Type: 'PLAINTEXT', Value: 'file:///parts.json' },
          { Name: 'DEPLOYMENT_ID', Type: 'PLAINTEXT', Value: 'd1' },
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

  it('has room in its history for every look that its loops may take', async () => {
    const looks = <Kind extends string>(kind: Kind, last: Kind, most = 600) => [
      ...Array.from({ length: most - 1 }, (_, at) => ({ kind, retrySeconds: 1, attempt: at + 1 })),
      { kind: last, retrySeconds: 0, attempt: most },
    ];
    const bakes = looks<'baking' | 'next' | 'done'>('baking', 'done');
    // A shift has ten steps at most.
    const steps = bakes.map(({ kind, attempt }, look) => ({
      kind: look % 60 === 1 ? ('next' as const) : kind,
      sliceSeconds: 1,
      attempt,
    }));
    const run = await walk({
      AcquireLease: looks<'held' | 'acquired'>('held', 'acquired', 400).map((look) => ({
        ...lease,
        ...look,
      })),
      ChooseTarget: [{ target: 'none' }, { target: 'fargate' }],
      AwaitContainers: looks<'pending' | 'ready'>('pending', 'ready', 200),
      DescribeCandidate: looks<'pending' | 'ready'>('pending', 'ready'),
      VerifyTraffic: looks<'pending' | 'verified'>('pending', 'verified', 400),
      JudgeBake: steps,
    });

    expect(run.outcome).toBe('Succeeded');
    expect(run.historyEvents).toBeGreaterThan((2 * 599 + 2 * 399 + 199) * 9);
    // https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions
    expect(run.historyEvents).toBeLessThan(25_000);
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
