import * as z from 'zod/mini';
import { TARGETS } from '#domain/placement/target.ts';

/**
 * The input and output of each step of the workflow, by the state's name.
 * Entry points parse their input by these schemas, and a test resolves every path that the ASL reads against them: a missing path would end an execution with `States.Runtime`, which nothing catches.
 * Times are whole seconds; `attempt` counts the runs of a loop's step from 1; `execution` is `$$.Execution.Id`.
 */

/** An S3 `Object Created` event as EventBridge delivers it to the workflow; on one machine the bucket folder emits the same. */
export const objectCreated = z.object({
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      // Some S3-compatible stores omit the version: admission then asks the store for the newest.
      'version-id': z.optional(z.string()),
      sequencer: z.optional(z.string()),
    }),
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html: the id of an account or the principal of a service; there is no address where a service writes.
    requester: z.optional(z.string()),
    'source-ip-address': z.optional(z.string()),
    'request-id': z.optional(z.string()),
  }),
  // Set for a new execution that continues a deployment where a dead one left it.
  recovery: z.optional(z.object({ deploymentId: z.string() })),
});

export type ObjectCreated = z.infer<typeof objectCreated>;

/** The request of `slipway rollback` and the sweep: `to` is a version, or null for the one that was live before; `repair` repairs the live version. */
export const rollbackRequest = z.object({
  kind: z.enum(['rollback', 'repair']),
  deploymentId: z.string(),
  model: z.string(),
  to: z.nullable(z.int()),
  reason: z.string(),
});

export type RollbackRequest = z.infer<typeof rollbackRequest>;

/** The request of `slipway undeploy`. */
export const undeployRequest = z.object({
  kind: z.literal('undeploy'),
  deploymentId: z.string(),
  model: z.string(),
});

export type UndeployRequest = z.infer<typeof undeployRequest>;

/** The request of `slipway promote`: the object that describes the version, and whether a person must approve it even if the stage does not require it. */
export const promotionRequest = z.object({
  kind: z.literal('promote'),
  deploymentId: z.string(),
  model: z.string(),
  release: z.object({ bucket: z.string(), key: z.string(), versionId: z.string() }),
  needsApproval: z.boolean(),
});

export type PromotionRequest = z.infer<typeof promotionRequest>;

/** The request of the look at live versions: the live version that becomes a new one elsewhere, for the demand that it had. */
export const moveRequest = z.object({
  kind: z.literal('move'),
  deploymentId: z.string(),
  model: z.string(),
  version: z.int(),
  learnt: z.object({
    requestsPerSecond: z.number(),
    peak: z.number(),
    hours: z.number(),
    days: z.number(),
  }),
  reason: z.string(),
});

export type MoveRequest = z.infer<typeof moveRequest>;

const attempt = z.int().check(z.nonnegative());
const seconds = z.int().check(z.nonnegative());

const held = z.object({ deploymentId: z.string(), epoch: z.int() });
const done = z.object({});
const failed = z.object({
  ...held.shape,
  error: z.object({ Error: z.string(), Cause: z.string() }),
});

const ENDINGS = [
  'Live',
  'Rejected',
  'Failed',
  'RolledBack',
  'Undeployed',
  'Superseded',
  'Aborted',
] as const;
const outcome = z.object({ kind: z.enum(ENDINGS), drainSeconds: seconds });

const admitted = z.object({
  kind: z.enum(['admitted', 'ignored', 'superseded', 'rejected']),
  id: z.string(),
  model: z.string(),
  reason: z.string(),
});

export const workflow = {
  AdmitDeployment: {
    input: z.object({ event: objectCreated, execution: z.string() }),
    output: admitted,
  },
  AdmitRollback: {
    input: z.object({ request: rollbackRequest, execution: z.string() }),
    output: admitted,
  },
  AdmitPromotion: {
    input: z.object({
      request: z.discriminatedUnion('kind', [promotionRequest, moveRequest]),
      execution: z.string(),
    }),
    output: admitted,
  },
  AwaitApproval: {
    input: z.object({ deploymentId: z.string(), attempt }),
    output: z.object({
      kind: z.enum(['approved', 'pending', 'refused']),
      retrySeconds: seconds,
      attempt,
    }),
  },
  AdmitUndeploy: {
    input: z.object({ request: undeployRequest, execution: z.string() }),
    output: admitted,
  },
  AcquireLease: {
    input: z.object({ deploymentId: z.string(), execution: z.string(), attempt }),
    output: z.object({
      kind: z.enum(['acquired', 'held', 'superseded', 'aborted', 'givenUp']),
      epoch: z.int(),
      resume: z.enum(['none', 'rollback', 'retire']),
      retrySeconds: seconds,
      attempt,
    }),
  },
  InspectArtifact: { input: held, output: done },
  PlanBuild: {
    input: held,
    // BuildImage passes these values to its build, and BuildEnvironment to the build before it; they are empty where there is no such build.
    output: z.object({
      kind: z.enum(['built', 'needed', 'environment']),
      environmentUrl: z.string(),
      environmentToken: z.string(),
    }),
  },
  // BuildImage passes these values to its build, and BuildOwnImage to the build before it; they are empty where there is no such build.
  GrantBuild: {
    input: held,
    output: z.object({
      kind: z.enum(['image', 'dockerfile']),
      ownImageUrl: z.string(),
      ownImageToken: z.string(),
      imageTag: z.string(),
      artifactUrl: z.string(),
      computeType: z.string(),
      token: z.string(),
    }),
  },
  ExplainBuild: { input: failed, output: done },
  ChooseTarget: {
    // The variables as CodeBuild exports them; empty when nothing was built.
    input: z.object({
      ...held.shape,
      variables: z.array(z.object({ Name: z.string(), Value: z.string() })),
    }),
    // `none`: it needs a container, and this installation has no containers.
    output: z.object({ target: z.enum([...TARGETS, 'none']) }),
  },
  AwaitContainers: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({
      kind: z.enum(['ready', 'pending', 'rejected', 'superseded', 'aborted', 'failed']),
      retrySeconds: seconds,
      attempt,
    }),
  },
  ProvisionLambda: { input: held, output: done },
  ProvisionFargate: { input: held, output: done },
  ProvisionEc2: { input: held, output: done },
  RestartVersion: { input: held, output: done },
  DescribeCandidate: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({
      kind: z.enum(['pending', 'ready', 'failed', 'expired']),
      retrySeconds: seconds,
      attempt,
    }),
  },
  CheckHealth: { input: held, output: z.object({ kind: z.enum(['healthy', 'unhealthy']) }) },
  // The checks of all bakes count together.
  CompareAnswers: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({
      kind: z.enum(['passed', 'pending', 'blocked']),
      retrySeconds: seconds,
      attempt,
    }),
  },
  ShiftTraffic: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({ sliceSeconds: seconds, attempt }),
  },
  VerifyTraffic: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({
      kind: z.enum(['verified', 'pending', 'expired']),
      retrySeconds: seconds,
      attempt,
    }),
  },
  JudgeBake: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({
      kind: z.enum(['baking', 'next', 'done', 'breach']),
      sliceSeconds: seconds,
      attempt,
    }),
  },
  CommitDeployment: { input: held, output: outcome },
  RetirePrevious: { input: held, output: done },
  RemoveRoute: {
    input: z.object({ ...held.shape, attempt }),
    output: z.object({
      kind: z.enum(['removed', 'pending', 'expired']),
      retrySeconds: seconds,
      drainSeconds: seconds,
      attempt,
    }),
  },
  RetireAll: { input: held, output: outcome },
  RollBack: { input: failed, output: done },
  Compensate: { input: failed, output: outcome },
  ReleaseLease: { input: held, output: done },
} as const;

export type StepName = keyof typeof workflow;
export type StepInput<Name extends StepName> = z.infer<(typeof workflow)[Name]['input']>;
export type StepOutput<Name extends StepName> = z.infer<(typeof workflow)[Name]['output']>;
export type Held = z.infer<typeof held>;
