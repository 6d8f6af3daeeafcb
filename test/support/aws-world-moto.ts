import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type HistoryEvent,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { ObjectCreated } from '#domain/workflow.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from './aws-clients.ts';
import { awsRules } from './aws-rules.ts';
import { awsWorld, MACHINE } from './aws-world.ts';
import { oneAtATime } from './aws-world-outbox.ts';
import type { Attempt, Run } from './aws-world-paths.ts';
import { type Bundle, bundles } from './bundles.ts';
import { deployText } from './deploy-asl.ts';
import { eventually } from './eventually.ts';
import { type LambdaAnswer, type LambdaRuntime, lambdaRuntime } from './lambda-runtime.ts';
import { startMoto } from './moto.ts';
import { type StepFunctionsFront, startStepFunctionsFront } from './step-functions-front.ts';

const BUILDER = 'image-build';

/** As the table's stream hands it over. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const STREAM_EVENT = {
  Records: [{ eventName: 'INSERT', dynamodb: { Keys: { pk: { S: 'OUTBOX' } } } }],
};

const SCHEDULED = { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} };

export type MotoAws = Awaited<ReturnType<typeof motoAws>>;

/** The workflow that ships, run by moto's own interpreter, with our bundles as its functions. */
export async function motoAws() {
  const front = await startStepFunctionsFront();
  const moto = await startMoto({ MOTO_PORT: String(front.port) });
  const world = await awsWorld(moto, () => awsRules([]));
  front.standBefore(world.front);
  await fetch(`${moto.endpoint}/moto-api/config`, {
    method: 'POST',
    body: JSON.stringify({ stepfunctions: { execute_state_machine: true } }),
  });
  const sfn = awsClient(SFNClient, moto);
  await sfn.send(
    new CreateStateMachineCommand({
      name: 'slipway-test-deploy',
      roleArn: `arn:aws:iam::${AWS_ACCOUNT}:role/deploy`,
      definition: definition(),
    }),
  );
  const attempts: Attempt[] = [];
  const before = new Map<string, () => Promise<unknown>>();
  const functions = await serveFunctions(front, world.values, async (state, invoke) => {
    await before.get(state)?.();
    const answer = await invoke();
    attempts.push({ state, error: 'error' in answer ? answer.error.errorType : '' });
    return answer;
  });
  front.serve(BUILDER, async (parameters) => {
    const answer = await built(world.builds.build(parameters));
    attempts.push({ state: 'BuildImage', error: 'error' in answer ? answer.error.errorType : '' });
    return answer;
  });
  const publishing = oneAtATime(() => functions.invoke('publishEvents', STREAM_EVENT));
  front.watch((asked, body) => {
    if (asked === 'POST ' && body.includes('"TransactItems"') && body.includes('"OUTBOX"')) {
      publishing.poke();
    }
  });
  let executions = 0;

  async function ended(executionArn: string): Promise<void> {
    const end = await eventually(async () => {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return found.status !== 'RUNNING' && found;
    });
    if (end.status !== 'SUCCEEDED') await functions.invoke('sweep', statusChange(end));
    await publishing.done();
  }

  return {
    ...world,
    /** What the schedule's sweep does that comes so much later. */
    sweepLater: (aheadMs: number) => functions.invokeLater('sweep', SCHEDULED, aheadMs),
    throttleConfiguration(times: number): void {
      const path = `/2015-03-31/functions/${world.functions.prefix}shapes/configuration`;
      front.throttle(`PUT ${path}`, times);
    },
    /** Starts what the rule starts for an event; answers the execution's ARN. */
    async start(event: ObjectCreated): Promise<string> {
      executions += 1;
      const name = `event-${executions}`;
      const { executionArn = '' } = await sfn.send(
        new StartExecutionCommand({
          ...{ stateMachineArn: MACHINE, name },
          input: JSON.stringify(event),
        }),
      );
      return executionArn;
    },
    /** The ARN of an execution by its name. */
    execution: (name: string) => `${MACHINE.replace(':stateMachine:', ':execution:')}:${name}`,
    /** Waits for an execution's end, and for what follows it. */
    ended,

    /** Starts an execution that is stopped when it invokes a state's function, which runs all the same. */
    async startStopped(event: ObjectCreated, state: string): Promise<string> {
      const { promise: execution, resolve } = Promise.withResolvers<string>();
      before.set(state, async () => {
        before.delete(state);
        await sfn.send(new StopExecutionCommand({ executionArn: await execution }));
      });
      const executionArn = await this.start(event);
      resolve(executionArn);
      return executionArn;
    },

    async run(event: ObjectCreated): Promise<Run> {
      attempts.length = 0;
      const execution = await this.start(event);
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
    async invokeLater(name: string, event: unknown, clockAheadMs: number): Promise<unknown> {
      const runtime = lambdaRuntime(bundleOf(name), values, front.endpoint, { clockAheadMs });
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

/** What is deployed, with one change: moto knows no CodeBuild, so BuildImage invokes a function with its Parameters as the payload. */
function definition(): string {
  const arn = (name: string) => `arn:aws:lambda:${AWS_REGION}:${AWS_ACCOUNT}:function:${name}`;
  const asl = JSON.parse(
    deployText.replaceAll(/\$\{(\w+)Function\}/g, (_, state: string) =>
      arn(`slipway-test-${state.charAt(0).toLowerCase()}${state.slice(1)}`),
    ),
  );
  const { BuildImage } = asl.States;
  BuildImage.Resource = 'arn:aws:states:::lambda:invoke';
  BuildImage.Parameters = { FunctionName: arn(BUILDER), Payload: BuildImage.Parameters };
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
  const { executionArn, status, error = null, cause = null } = end;
  return {
    version: '0',
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    account: AWS_ACCOUNT,
    region: AWS_REGION,
    detail: { executionArn, stateMachineArn: MACHINE, status, error, cause },
  };
}

async function historyOf(client: SFNClient, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory({ client }, { executionArn })) {
    events.push(...(page.events ?? []));
  }
  return events;
}

/** The largest input or output that an event of the history tells. */
function largestText(event: HistoryEvent): number {
  const texts = [
    event.stateEnteredEventDetails?.input,
    event.stateExitedEventDetails?.output,
    event.taskScheduledEventDetails?.parameters,
    event.taskSucceededEventDetails?.output,
  ];
  return Math.max(...texts.map((text) => (text === undefined ? 0 : Buffer.byteLength(text))));
}
