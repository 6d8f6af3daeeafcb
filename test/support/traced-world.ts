import {
  CreateStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  type TaskHandler,
  type WorkflowEngine,
  workflowEngine,
} from '#adapters/local/workflow-engine.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import { AWS_ACCOUNT, awsClient } from './aws-clients.ts';
import { awsRules } from './aws-rules.ts';
import { awsWorld, MACHINE } from './aws-world.ts';
import { bundles } from './bundles.ts';
import { deployAsl, deployStates } from './deploy-asl.ts';
import { type LambdaRuntime, lambdaRuntime } from './lambda-runtime.ts';
import type { Moto } from './moto.ts';
import { startStepFunctionsFront } from './step-functions-front.ts';
import { type AwsRequest, tracedFront } from './traced-front.ts';

// The sweep leaves alone what is young.
const HOURS_MS = 3 * 3_600_000;

/** What is done before the function of a state runs; `stop` ends the execution. */
export type Before = Readonly<Record<string, (stop: () => void) => unknown>>;

export type TracedWorld = Awaited<ReturnType<typeof tracedWorld>>;

/** The workflow that ships with our bundles as its functions, each of which has an endpoint of AWS of its own. */
export async function tracedWorld(moto: Moto) {
  const world = await awsWorld(moto, () => awsRules([]));
  const front = await startStepFunctionsFront();
  front.standBefore(world.front);
  const traced = tracedFront(front, amend);
  const made = await bundles();
  const runtimes = new Map<string, Promise<LambdaRuntime>>();
  const sfn = awsClient(SFNClient, moto);
  await sfn.send(
    new CreateStateMachineCommand({
      name: MACHINE.split(':').at(-1),
      roleArn: `arn:aws:iam::${AWS_ACCOUNT}:role/deploy`,
      definition: JSON.stringify({ StartAt: 'End', States: { End: { Type: 'Succeed' } } }),
    }),
  );

  async function start(name: string): Promise<LambdaRuntime> {
    const ahead = name === 'sweep' ? { clockAheadMs: HOURS_MS } : {};
    return lambdaRuntime(made.get(name)!, world.values, await traced.endpointFor(name), ahead);
  }

  async function invoke(name: string, event: unknown): Promise<unknown> {
    const runtime = runtimes.get(name) ?? start(name);
    runtimes.set(name, runtime);
    const answer = await (await runtime).invoke(event);
    if ('payload' in answer) return answer.payload;
    const { errorType, errorMessage } = answer.error;
    throw Object.assign(new Error(errorMessage), { name: errorType });
  }

  /** One execution of an event to its end; answers its ARN. Step Functions holds that it runs until it is told of the end. */
  async function run(event: ObjectCreated, before: Before = {}): Promise<string> {
    const named = { stateMachineArn: MACHINE, name: `run-${runtimes.size}-${Date.now()}` };
    const { executionArn = '' } = await sfn.send(new StartExecutionCommand(named));
    const over = Promise.withResolvers<void>();
    const handler =
      (state: string): TaskHandler =>
      async (payload) => {
        await before[state]?.(() => engine.stop(executionArn));
        if (state === 'BuildImage') return world.builds.build(payload);
        return invoke(functionOf(state), payload);
      };
    const tasks = Object.entries(deployStates).filter(([, { Type }]) => Type === 'Task');
    const engine: WorkflowEngine = workflowEngine({
      definition: deployAsl,
      handlers: Object.fromEntries(tasks.map(([state]) => [state, handler(state)])),
      onEnded: async () => over.resolve(),
    });
    await engine.start(executionArn, event);
    await over.promise;
    await engine.stopAll();
    return executionArn;
  }

  return {
    ...world,
    invoke,
    run,
    requests: traced.requests,
    /** Tells Step Functions that an execution is over. */
    ended: (executionArn: string) => sfn.send(new StopExecutionCommand({ executionArn })),
    async close() {
      await Promise.all([...runtimes.values()].map(async (runtime) => (await runtime).close()));
      await traced.close();
      await front.close();
      await world.close();
    },
  };
}

function functionOf(state: string): string {
  return `${state.charAt(0).toLowerCase()}${state.slice(1)}`;
}

/** Lambda hands over no line of a server that died before it had one: then the log is read. */
function amend({ caller }: AwsRequest, headers: Record<string, unknown>): void {
  if (caller === 'describeCandidate') delete headers['x-amz-log-result'];
}
