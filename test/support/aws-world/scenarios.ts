import { deploymentId } from '#domain/deployment.ts';
import type { Target } from '#domain/placement/target.ts';
import { addConstantModel } from '../models/onnx.ts';
import type { Start } from '../worlds/memory-way.ts';
import type { Run } from './paths.ts';
import type { AwsWorld } from './world.ts';

/** The world with something that runs the workflows in it. */
export type RunningAws = AwsWorld & {
  run(start: Start): Promise<Run>;
  /** Is done once, before the next run of a state's step. */
  before(state: string, hook: () => unknown): void;
  /** Calls back as a step begins and as it ends, until the function that it answers is called. */
  onStep(listener: () => void): () => void;
  /** The next so many changes of a function's configuration are too many. */
  throttleConfiguration(times: number): void;
};

export type AwsScenario = {
  readonly name: string;
  readonly prepare?: (world: RunningAws) => void;
  readonly bytes: Uint8Array;
  readonly manifest?: string;
  readonly states: readonly string[];
  /** The errors that made its Tasks run again. */
  readonly retried: Readonly<Record<string, readonly string[]>>;
  /** The states in its events, in their order. */
  readonly told: readonly string[];
  readonly reason: RegExp;
  /** The model's answer to [1, 2] afterwards, and the revision that gave it. */
  readonly serves: { readonly revision: string; readonly data: readonly number[] };
  readonly versions: readonly string[];
};

/** The id of the deployment that is asked for. */
export async function deploymentOf(start: Start): Promise<string> {
  if (!('detail' in start)) return start.deploymentId;
  const { bucket, object } = start.detail;
  return deploymentId(bucket.name, object.key, object['version-id'] ?? '');
}

export const MODEL = 'shapes';
export const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

/** A manifest that says where the model runs, and is watched only shortly. */
export function placed(target: Target, rest = ''): string {
  return `placement: { target: ${target} }\nrollout: { bakeSeconds: 1 }\n${rest}`;
}

/** A manifest whose golden request is answered as by `x + 10`. */
export const EXPECTS_V1 = `examples:
  - request: ${JSON.stringify(REQUEST)}
    expect: { outputs: [{ name: y, data: [11, 12] }] }
`;

export const TO_PLAN = [
  ...['AdmitDeployment', 'IsAdmitted', 'AcquireLease', 'HasLease'],
  ...['InspectArtifact', 'PlanBuild', 'IsImageBuilt'],
];
const TO_BUILD = [...TO_PLAN, 'GrantBuild', 'IsDockerfile', 'BuildImage'];
const TO_PROVISION = [...TO_BUILD, 'ChooseTarget', 'WhichTarget', 'ProvisionLambda'];
// The look that publishes a version does not read it yet.
const TO_CANDIDATE = [
  ...[...TO_PROVISION, 'DescribeCandidate', 'IsCandidateReady', 'WaitForCandidate'],
  ...['DescribeCandidate', 'IsCandidateReady'],
];
const TO_HEALTH = [...TO_CANDIDATE, 'CheckHealth', 'IsCandidateHealthy'];
const TO_SHIFT = [...TO_HEALTH, 'CompareAnswers', 'MayReplaceLive'];
const TO_BAKE = [
  ...[...TO_SHIFT, 'ShiftTraffic', 'VerifyTraffic', 'IsTrafficVerified'],
  ...['Bake', 'JudgeBake', 'IsShiftDone'],
];
const COMMITTED = [
  'CommitDeployment',
  'DrainPrevious',
  'RetirePrevious',
  'ReleaseLease',
  'WhichEnd',
];
/** The way of a version that goes live on Lambda, from its image on. */
export const FROM_IMAGE_TO_LIVE = [...TO_BAKE.slice(TO_PLAN.length), ...COMMITTED, 'Live'];
export const GIVEN_UP = ['Compensate', 'ReleaseLease', 'WhichEnd'];
const BUILT = ['Admitted', 'Inspected', 'Building'];
const LIVE = [...BUILT, 'Provisioning', 'Ready', 'Shifting', 'Baking', 'Live'];

/** The scenarios of one model, in this order: each continues where the one before ended. */
export const AWS_SCENARIOS: readonly AwsScenario[] = [
  {
    name: 'a good model goes live',
    bytes: addConstantModel({ constant: 10 }),
    // The first of the stage: the environment that serves ONNX does not exist yet.
    states: [...TO_PLAN, 'BuildEnvironment', ...FROM_IMAGE_TO_LIVE],
    retried: {},
    told: LIVE,
    reason: /^$/,
    serves: { revision: 'shapes-v1', data: [11, 12] },
    versions: ['shapes-v1'],
  },
  {
    name: 'an unhealthy candidate is given up before any traffic',
    bytes: addConstantModel({ constant: 20 }),
    manifest: EXPECTS_V1,
    states: [...TO_HEALTH, ...GIVEN_UP, 'Failed'],
    retried: {},
    told: [...BUILT, 'Provisioning', 'Failed'],
    reason: /the golden request got a wrong answer/,
    serves: { revision: 'shapes-v1', data: [11, 12] },
    versions: ['shapes-v1'],
  },
  {
    name: 'a failed build is explained by its log',
    prepare: ({ builds }) => builds.failNext(['exporting layers', 'no space left on device']),
    bytes: addConstantModel({ constant: 30 }),
    manifest: '{}',
    states: [...TO_BUILD, 'ExplainBuild', ...GIVEN_UP, 'Failed'],
    retried: {},
    told: [...BUILT, 'Failed'],
    reason: /ran out of disk\nexporting layers/,
    serves: { revision: 'shapes-v1', data: [11, 12] },
    versions: ['shapes-v1'],
  },
  {
    name: 'a step that is throttled is run again',
    // Three are one call with its client's own tries.
    prepare: (world) => world.throttleConfiguration(3),
    bytes: addConstantModel({ constant: 40 }),
    states: [...TO_BAKE, ...COMMITTED, 'Live'],
    retried: { ProvisionLambda: ['PlatformThrottled'] },
    told: [...LIVE.toSpliced(LIVE.indexOf('Shifting'), 0, 'Compared'), 'Retired'],
    reason: /^$/,
    serves: { revision: 'shapes-v4', data: [41, 42] },
    versions: ['shapes-v1', 'shapes-v4'],
  },
];
