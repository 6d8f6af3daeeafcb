import type { FailureName } from '#domain/failure.ts';
import type { StepName, StepOutput } from '#domain/workflow.ts';

/** A step's act in a walk: an answer, an error by name, or an answer that it should never give. */
export type Act<Name extends StepName> =
  | StepOutput<Name>
  | { readonly throws: FailureName | 'TypeError' | `Lambda.${string}` }
  | { readonly unforeseen: unknown };

export type BuildAct =
  | { readonly Build: object }
  | { readonly throws: string; readonly says?: string };

/** The states that are builds, and no steps of ours. */
export const BUILDS = ['BuildEnvironment', 'BuildOwnImage', 'BuildImage'] as const;
export type BuildName = (typeof BUILDS)[number];

/** The method of the builds in memory, and of those that are scripted, for each. */
export const BUILDERS = {
  BuildEnvironment: 'buildEnvironment',
  BuildOwnImage: 'buildOwnImage',
  BuildImage: 'build',
} as const satisfies Readonly<Record<BuildName, string>>;

export function isBuild(state: string): state is BuildName {
  return BUILDS.some((name) => name === state);
}

/** The acts of each step; a list is used up one run at a time, and its last entry repeats for ever. */
export type Script = { readonly [Name in StepName]?: Act<Name> | readonly Act<Name>[] } & {
  readonly [Name in BuildName]?: readonly BuildAct[];
};

const admitted = { kind: 'admitted', id: 'd1', model: 'digits', reason: '' } as const;
const lease = { epoch: 1, resume: 'none', retrySeconds: 0, attempt: 1 } as const;

/** Each step's answer on the shortest way to Live, or to Undeployed. */
export const HAPPY = {
  AdmitDeployment: admitted,
  AdmitPromotion: admitted,
  AwaitApproval: { kind: 'approved', retrySeconds: 0, attempt: 1 },
  AdmitRollback: admitted,
  AdmitUndeploy: admitted,
  AcquireLease: { ...lease, kind: 'acquired' },
  InspectArtifact: {},
  PlanBuild: {
    kind: 'built',
    environmentUrl: '',
    environmentToken: '',
  },
  GrantBuild: {
    kind: 'image',
    ownImageUrl: '',
    ownImageToken: '',
    imageTag: 'digits-1',
    artifactUrl: 'file:///parts.json',
    computeType: 'BUILD_GENERAL1_SMALL',
    token: 't1',
  },
  ExplainBuild: {},
  ChooseTarget: { target: 'lambda' },
  AwaitContainers: { kind: 'ready', retrySeconds: 0, attempt: 1 },
  ProvisionLambda: {},
  ProvisionFargate: {},
  ProvisionEc2: {},
  RestartVersion: {},
  DescribeCandidate: { kind: 'ready', retrySeconds: 1, attempt: 1 },
  CheckHealth: { kind: 'healthy' },
  CompareAnswers: { kind: 'passed', retrySeconds: 0, attempt: 1 },
  ShiftTraffic: { sliceSeconds: 0, attempt: 0 },
  VerifyTraffic: { kind: 'verified', retrySeconds: 0, attempt: 1 },
  JudgeBake: { kind: 'done', sliceSeconds: 1, attempt: 1 },
  CommitDeployment: { kind: 'Live', drainSeconds: 0 },
  RetirePrevious: {},
  RemoveRoute: { kind: 'removed', retrySeconds: 0, drainSeconds: 0, attempt: 1 },
  RetireAll: { kind: 'Undeployed', drainSeconds: 0 },
  RollBack: {},
  Compensate: { kind: 'Failed', drainSeconds: 0 },
  ReleaseLease: {},
} as const satisfies { [Name in StepName]: StepOutput<Name> };

export const BUILT: BuildAct = {
  Build: { ExportedEnvironmentVariables: [{ Name: 'A', Value: 'b' }] },
};

const request = { deploymentId: 'd1', model: 'digits' };

/** The input of each workflow. */
export const INPUTS = {
  deploy: {
    detail: {
      bucket: { name: 'bucket' },
      object: { key: 'models/digits/a.onnx', 'version-id': 'v1' },
    },
  },
  promote: {
    ...request,
    kind: 'promote',
    release: { bucket: 'bucket', key: 'promotions/digits/1/release.json', versionId: 'v1' },
    needsApproval: false,
  },
  rollback: { ...request, kind: 'rollback', to: null, reason: 'asked for' },
  undeploy: { ...request, kind: 'undeploy' },
} as const;
