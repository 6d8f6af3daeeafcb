import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type HistoryEvent,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { WorkflowName } from '#ports/executions.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../aws/clients.ts';
import { startMoto } from '../aws/moto.ts';
import { eventually } from '../clock/eventually.ts';
import { type StepFunctionsFront, startStepFunctionsFront } from '../fronts/step-functions.ts';
import { type Bundle, bundles } from '../lambda/bundles.ts';
import {
  type LambdaAnswer,
  type LambdaRuntime,
  lambdaRuntime,
  SECRET_OF_ROLES,
} from '../lambda/runtime.ts';
import { MACHINES, type Machine } from '../walk/asl.ts';
import { BUILDERS, type BuildName } from '../walk/script.ts';
import { type Start, workflowOf } from '../worlds/memory-way.ts';
import { stepListeners } from '../worlds/step-listeners.ts';
import { oneAtATime } from './outbox.ts';
import type { Attempt, Run } from './paths.ts';
import { awsWorld, machineArn } from './world.ts';

/** The functions that stand for the projects of CodeBuild, by the states that start them. */
const PROJECTS: Readonly<Record<BuildName, string>> = {
  BuildEnvironment: 'environment-build',
  BuildOwnImage: 'own-image-build',
  BuildImage: 'image-build',
};

/** An event as the table's stream delivers it. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const STREAM_EVENT = {
  Records: [{ eventName: 'INSERT', dynamodb: { Keys: { pk: { S: 'OUTBOX' } } } }],
};

const SCHEDULED = { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} };

export type MotoAws = Awaited<ReturnType<typeof motoAws>>;

/** The workflows that ship, run by moto's own interpreter, with our bundles as their functions. */
export async function motoAws() {
  const front = await startStepFunctionsFront();
  const moto = await startMoto({ MOTO_PORT: String(front.port) });
  const world = await awsWorld(moto, { secret: SECRET_OF_ROLES });
  front.standBefore(world.front);
  await fetch(`${moto.endpoint}/moto-api/config`, {
    method: 'POST',
    body: JSON.stringify({ stepfunctions: { execute_state_machine: true } }),
  });
  const sfn = awsClient(SFNClient, moto);
  for (const machine of MACHINES) {
    await sfn.send(
      new CreateStateMachineCommand({
        name: `slipway-test-${machine.name}`,
        roleArn: `arn:aws:iam::${AWS_ACCOUNT}:role/${machine.name}`,
        definition: definition(machine),
      }),
    );
  }
  const attempts: Attempt[] = [];
  const hooks = new Map<string, () => unknown>();
  const stepping = stepListeners();
  const functions = await serveFunctions(front, world.values, async (state, invoke) => {
    const hook = hooks.get(state);
    hooks.delete(state);
    await hook?.();
    const answer = await stepping.told(invoke);
    attempts.push({ state, error: 'error' in answer ? answer.error.errorType : '' });
    return answer;
  });
  for (const [state, name] of Object.entries(PROJECTS)) {
    const build = world.builds[BUILDERS[state as BuildName]];
    front.serve(name, async (parameters) => {
      const answer = await built(build(parameters));
      attempts.push({ state, error: 'error' in answer ? answer.error.errorType : '' });
      return answer;
    });
  }
  const publishing = oneAtATime(() => functions.invoke('publishEvents', STREAM_EVENT));
  front.watch((asked, body) => {
    if (asked === 'POST ' && body.includes('"TransactItems"') && body.includes('"OUTBOX"')) {
      publishing.poke();
    }
  });
  let executions = 0;

  async function running(): Promise<readonly string[]> {
    const looks = MACHINES.map(async ({ name }) => {
      const running = { stateMachineArn: machineArn(name), statusFilter: 'RUNNING' } as const;
      const { executions: found = [] } = await sfn.send(new ListExecutionsCommand(running));
      return found.flatMap(({ executionArn }) => executionArn ?? []);
    });
    return (await Promise.all(looks)).flat();
  }

  async function ended(executionArn: string): Promise<void> {
    const end = await eventually(async () => {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return found.status !== 'RUNNING' && found;
    });
    if (end.status !== 'SUCCEEDED') {
      await functions.invoke('sweep', statusChange(end));
      // The sweep has started executions that take the deployment up.
      for (const started of await running()) await ended(started);
    }
    await publishing.done();
  }

  return {
    ...world,
    /** Runs the schedule's sweep as if so much time had passed. */
    sweepLater: (aheadMs: number) => functions.invokeLater('sweep', SCHEDULED, aheadMs),
    throttleConfiguration(times: number): void {
      const path = `/2015-03-31/functions/${world.functions.prefix}shapes/configuration`;
      front.throttle(`PUT ${path}`, times);
    },
    /** Runs the action once, before the next run of a state's step. */
    before: (state: string, hook: () => unknown) => void hooks.set(state, hook),
    onStep: stepping.onStep,
    /** Starts the execution that the rule starts for an event, or that a command asks for; returns its ARN. */
    async start(asked: Start): Promise<string> {
      executions += 1;
      const name = `event-${executions}`;
      const { executionArn = '' } = await sfn.send(
        new StartExecutionCommand({
          stateMachineArn: machineArn(workflowOf(asked)),
          name,
          input: JSON.stringify(asked),
        }),
      );
      return executionArn;
    },
    /** The ARN of an execution by its name. */
    execution: (name: string, workflow: WorkflowName = 'deploy') =>
      `${machineArn(workflow).replace(':stateMachine:', ':execution:')}:${name}`,
    /** Waits for an execution's end, and for its consequences. */
    ended,

    /** Starts an execution that is stopped when it invokes a state's function, which runs nevertheless. */
    async startStopped(asked: Start, state: string): Promise<string> {
      const { promise: execution, resolve } = Promise.withResolvers<string>();
      this.before(state, async () => {
        await sfn.send(new StopExecutionCommand({ executionArn: await execution }));
      });
      const executionArn = await this.start(asked);
      resolve(executionArn);
      return executionArn;
    },

    async run(asked: Start): Promise<Run> {
      attempts.length = 0;
      const execution = await this.start(asked);
      await ended(execution);
      const history = await historyOf(sfn, execution);
      const states = history.flatMap(
        ({ stateEnteredEventDetails: entered }) => entered?.name ?? [],
      );
      const payloadBytes = Math.max(...history.map(largestText));
      return {
        execution,
        states,
        attempts: [...attempts],
        payloadBytes,
        historyEvents: history.length,
      };
    },

    async close() {
      await functions.close();
      await world.close();
      await front.close();
      await moto.close();
    },
  };
}

type Around = (state: string, invoke: () => Promise<LambdaAnswer>) => Promise<LambdaAnswer>;

/** Serves every function by its bundle; each is started by its first event. */
async function serveFunctions(
  front: StepFunctionsFront,
  values: Readonly<Record<string, string>>,
  around: Around,
) {
  const made = await bundles();
  const runtimes = new Map<string, LambdaRuntime>();

  function bundleOf(name: string): Bundle {
    const bundle = made.get(name);
    if (!bundle) throw new Error(`there is no function ${name}`);
    return bundle;
  }

  function runtimeOf(bundle: Bundle): LambdaRuntime {
    const runtime = runtimes.get(bundle.name) ?? lambdaRuntime(bundle, values, front.endpoint);
    runtimes.set(bundle.name, runtime);
    return runtime;
  }

  for (const bundle of made.values()) {
    const state = bundle.name.replace(/^./, (letter) => letter.toUpperCase());
    front.serve(`slipway-test-${bundle.name}`, (event) =>
      around(state, () => runtimeOf(bundle).invoke(event)),
    );
  }

  return {
    async invoke(name: string, event: unknown): Promise<unknown> {
      return payloadOf(name, await runtimeOf(bundleOf(name)).invoke(event));
    },
    async invokeLater(name: string, event: unknown, ms: number): Promise<unknown> {
      const later = { aheadMs: () => ms };
      const runtime = lambdaRuntime(bundleOf(name), values, front.endpoint, later);
      const answer = await runtime.invoke(event);
      await runtime.close();
      return payloadOf(name, answer);
    },
    close: () => Promise.all([...runtimes.values()].map((runtime) => runtime.close())),
  };
}

function payloadOf(name: string, answer: LambdaAnswer): unknown {
  if ('error' in answer) throw new Error(`${name}: ${JSON.stringify(answer.error)}`);
  return answer.payload;
}

/**
 * The deployed definition with two changes: moto has no CodeBuild, so a build invokes a function with its Parameters as the payload;
 * and the drain, a minute in containers, is left out.
 */
function definition({ text }: Machine): string {
  const arn = (name: string) => `arn:aws:lambda:${AWS_REGION}:${AWS_ACCOUNT}:function:${name}`;
  const asl = JSON.parse(
    text.replaceAll(/\$\{(\w+)Function\}/g, (_, state: string) =>
      arn(`slipway-test-${state.charAt(0).toLowerCase()}${state.slice(1)}`),
    ),
  );
  const { BuildImage, DrainPrevious } = asl.States;
  delete DrainPrevious.SecondsPath;
  DrainPrevious.Seconds = 0;
  if (!BuildImage) return JSON.stringify(asl);
  for (const [state, name] of Object.entries(PROJECTS)) {
    const { Parameters } = asl.States[state];
    asl.States[state].Resource = 'arn:aws:states:::lambda:invoke';
    asl.States[state].Parameters = { FunctionName: arn(name), Payload: Parameters };
  }
  BuildImage.ResultSelector = { 'variables.$': '$.Payload.Build.ExportedEnvironmentVariables' };
  return JSON.stringify(asl);
}

/** A function may not fail by a name of Step Functions' own. */
async function built(build: Promise<object>): Promise<LambdaAnswer> {
  try {
    return { payload: await build };
  } catch (error) {
    const described = JSON.parse((error as Error).message);
    const errorType = 'BuildFailed';
    return { error: { ...described, errorType, errorMessage: 'the build failed', trace: [] } };
  }
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
function statusChange(end: DescribeExecutionCommandOutput) {
  const { executionArn, stateMachineArn, status, error = null, cause = null } = end;
  return {
    version: '0',
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    account: AWS_ACCOUNT,
    region: AWS_REGION,
    detail: { executionArn, stateMachineArn, status, error, cause },
  };
}

async function historyOf(client: SFNClient, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory({ client }, { executionArn })) {
    events.push(...(page.events ?? []));
  }
  return events;
}

/** The largest input or output in an event of the history. */
function largestText(event: HistoryEvent): number {
  const texts = [
    event.stateEnteredEventDetails?.input,
    event.stateExitedEventDetails?.output,
    event.taskScheduledEventDetails?.parameters,
    event.taskSucceededEventDetails?.output,
  ];
  return Math.max(...texts.map((text) => (text === undefined ? 0 : Buffer.byteLength(text))));
}
