import type { StepHandler } from '#compose/steps.ts';
import type {
  Held,
  MoveRequest,
  ObjectCreated,
  PromotionRequest,
  RollbackRequest,
  StepName,
  StepOutput,
  UndeployRequest,
} from '#domain/workflow.ts';
import type { WorkflowName } from '#ports/executions.ts';
import type { FakeClock } from '../clock/fake-clock.ts';
import type { MemoryExecutions } from '../memory/executions.ts';
import type { BuildName } from '../walk/script.ts';

/** The input of an execution. */
export type Start =
  | ObjectCreated
  | PromotionRequest
  | MoveRequest
  | RollbackRequest
  | UndeployRequest;

export function workflowOf(start: Start): WorkflowName {
  if ('detail' in start) return 'deploy';
  if (start.kind === 'move') return 'promote';
  return start.kind === 'repair' ? 'rollback' : start.kind;
}

/** The state for each target that ChooseTarget may name. */
const PROVISION = {
  lambda: 'ProvisionLambda',
  fargate: 'ProvisionFargate',
  ec2: 'ProvisionEc2',
} as const;

const TO_LIVE: readonly StepName[] = [
  ...(['DescribeCandidate', 'CheckHealth', 'CompareAnswers'] as const),
  ...(['ShiftTraffic', 'VerifyTraffic', 'JudgeBake'] as const),
  ...(['CommitDeployment', 'RetirePrevious', 'ReleaseLease'] as const),
];
const TO_CHOICE: readonly StepName[] = [
  ...(['AdmitDeployment', 'AcquireLease', 'InspectArtifact', 'PlanBuild', 'ChooseTarget'] as const),
];
const WAYS: Readonly<Record<WorkflowName, readonly StepName[]>> = {
  deploy: [...TO_CHOICE, 'ProvisionLambda', ...TO_LIVE],
  promote: [
    ...(['AdmitPromotion', 'AwaitApproval', 'AcquireLease', 'ChooseTarget'] as const),
    'ProvisionLambda',
    ...TO_LIVE,
  ],
  rollback: ['AdmitRollback', 'AcquireLease', 'RestartVersion', ...TO_LIVE],
  undeploy: ['AdmitUndeploy', 'AcquireLease', 'RemoveRoute', 'RetireAll', 'ReleaseLease'],
};

const GOES_ON = [
  ...[
    undefined,
    'admitted',
    'approved',
    'acquired',
    'built',
    'needed',
    'environment',
    'ready',
    'healthy',
    'passed',
  ],
  ...['verified', 'next', 'done', 'Live', 'removed', 'Undeployed'],
];
const LOOKS_AGAIN: readonly (string | undefined)[] = ['held', 'pending', 'baking'];
const LOOK_MS = 10_000;

type Answer = {
  readonly kind?: string;
  readonly id?: string;
  readonly epoch?: number;
  readonly environmentUrl?: string;
  readonly target?: keyof typeof PROVISION;
};
type Built = { readonly Build: { readonly ExportedEnvironmentVariables: unknown[] } };
type Input = Held & {
  readonly event?: ObjectCreated;
  readonly request?: Exclude<Start, ObjectCreated>;
  readonly execution: string;
};
type World = {
  readonly steps: Readonly<Record<StepName | BuildName, StepHandler>>;
  readonly clock: FakeClock;
  readonly executions: MemoryExecutions;
};

/** Walks the way to the end as the workflow does; an answer that leads elsewhere is an error of the test. */
export function walker({ steps, clock, executions }: World) {
  let runs = 0;
  let variables: unknown[] = [];

  async function build({ kind, environmentUrl }: Answer, held: Held): Promise<void> {
    if (kind === 'environment') {
      const order = [{ Name: 'ORDER_URL', Value: environmentUrl }];
      await steps.BuildEnvironment({ EnvironmentVariablesOverride: order });
    }
    const granted = (await steps.GrantBuild(held)) as StepOutput<'GrantBuild'>;
    const override = [{ Name: 'IMAGE_TAG', Value: granted.imageTag }];
    if (granted.kind === 'dockerfile') {
      await steps.BuildOwnImage({ EnvironmentVariablesOverride: override });
    }
    const answer = await steps.BuildImage({ EnvironmentVariablesOverride: override });
    variables = (answer as Built).Build.ExportedEnvironmentVariables;
  }

  async function pass(state: StepName, input: Input): Promise<Answer> {
    const look = async (attempt: number): Promise<Answer> => {
      const answer = (await steps[state]({ ...input, attempt, variables })) as Answer;
      if (GOES_ON.includes(answer.kind)) return answer;
      if (!LOOKS_AGAIN.includes(answer.kind)) throw new Error(`${state} answered ${answer.kind}`);
      clock.advance(LOOK_MS);
      return look(attempt + 1);
    };
    const answer = await look(0);
    if (answer.kind === 'needed' || answer.kind === 'environment') await build(answer, input);
    return answer;
  }

  async function walk(way: StepName[], input: Input, until: StepName | undefined): Promise<Held> {
    let { deploymentId, epoch } = input;
    for (let state = way.shift(); state !== until; state = way.shift()) {
      if (!state) throw new Error(`the way does not lead to ${until}`);
      const answer = await pass(state, { ...input, deploymentId, epoch });
      deploymentId = answer.id ?? deploymentId;
      epoch = answer.epoch ?? epoch;
      turn(way, answer);
    }
    return { deploymentId, epoch };
  }

  return async (start: Start, until?: StepName): Promise<Held> => {
    runs += 1;
    variables = [];
    const execution = `execution-${runs}`;
    const asked = 'detail' in start ? { event: start } : { request: start };
    executions.begin(execution);
    const way = [...WAYS[workflowOf(start)]];
    const held = await walk(way, { ...asked, execution, deploymentId: '', epoch: 0 }, until);
    if (!until) executions.end(execution);
    return held;
  };
}

/** Changes the rest of the way as an answer asks for. */
function turn(way: StepName[], { target, kind }: Answer): void {
  if (target) way.splice(0, 1, PROVISION[target]);
  if (kind === 'next') way.unshift('ShiftTraffic', 'VerifyTraffic', 'JudgeBake');
}
