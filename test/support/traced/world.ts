import {
  CreateStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { systemClock } from '#adapters/clocks.ts';
import {
  type TaskHandler,
  type WorkflowEngine,
  workflowEngine,
} from '#adapters/local/workflow/workflow-engine.ts';
import { AWS_ACCOUNT, awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import { awsWorld, machineArn } from '../aws-world/world.ts';
import { startStepFunctionsFront } from '../fronts/step-functions.ts';
import { share } from '../fuzz/runs.ts';
import { bundles } from '../lambda/bundles.ts';
import { type LambdaRuntime, lambdaRuntime, SECRET_OF_ROLES } from '../lambda/runtime.ts';
import { MACHINES, machines, statesOf } from '../walk/asl.ts';
import { BUILDERS, isBuild } from '../walk/script.ts';
import { type Start, workflowOf } from '../worlds/memory-way.ts';
import { NO_WAITS, virtualWaits } from '../worlds/virtual-waits.ts';
import { type AwsRequest, tracedFront } from './front.ts';

// These tests look at the calls, not at their speed: dozens of models are swept in one moto.
const SLACK = 20;
// The sweep leaves young resources alone.
const HOURS_MS = 3 * 3_600_000;

/** Runs before the function of a state; `stop` ends the execution. */
export type Before = Readonly<Record<string, (stop: () => void) => unknown>>;

export type TracedWorld = Awaited<ReturnType<typeof tracedWorld>>;

/** The workflows that ship with our bundles as their functions, each with a separate AWS endpoint; waits pass in virtual time. */
export async function tracedWorld(moto: Moto) {
  let aheadMs = 0;
  const clock = {
    now: () => systemClock.now() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    advance(ms: number) {
      aheadMs += ms;
    },
  };
  const world = await awsWorld(moto, { clock, secret: SECRET_OF_ROLES });
  const front = await startStepFunctionsFront();
  front.standBefore(world.front);
  const traced = tracedFront(front, amend);
  const made = await bundles();
  const runtimes = new Map<string, Promise<LambdaRuntime>>();
  const sfn = awsClient(SFNClient, moto);
  for (const { name } of MACHINES) {
    await sfn.send(
      new CreateStateMachineCommand({
        name: `slipway-test-${name}`,
        roleArn: `arn:aws:iam::${AWS_ACCOUNT}:role/${name}`,
        definition: JSON.stringify({ StartAt: 'End', States: { End: { Type: 'Succeed' } } }),
      }),
    );
  }
  const waiting = virtualWaits(clock);
  let runs = 0;

  async function start(name: string): Promise<LambdaRuntime> {
    const endpoint = await traced.endpointFor(name);
    const more = name === 'sweep' ? HOURS_MS : 0;
    // A separate endpoint identifies the caller of the probes that go through the API.
    const values = { ...world.values, SLIPWAY_API_URL: `${endpoint}/${world.api.stage}` };
    const clocked = { aheadMs: () => aheadMs + more, slack: SLACK };
    return lambdaRuntime(made.get(name)!, values, endpoint, clocked);
  }

  /** A trace takes from ten minutes to an hour: a run that is cut off shows how far it has come. */
  function tell(done: string, beganMs: number): void {
    const seconds = Math.round((systemClock.monotonicMs() - beganMs) / 1000);
    process.stderr.write(`traced: ${done}: ${seconds} s, ${traced.requests.length} calls so far\n`);
  }

  async function invoke(name: string, event: unknown): Promise<unknown> {
    const runtime = runtimes.get(name) ?? start(name);
    runtimes.set(name, runtime);
    const answer = await (await runtime).invoke(event);
    if ('payload' in answer) return answer.payload;
    const { errorType, errorMessage } = answer.error;
    throw Object.assign(new Error(errorMessage), { name: errorType });
  }

  /** Runs one execution of a request to its end, and returns its ARN. For Step Functions it runs until its end is reported. */
  async function run(asked: Start, before: Before = {}): Promise<string> {
    runs += 1;
    const workflow = workflowOf(asked);
    const named = { stateMachineArn: machineArn(workflow), name: `run-${runs}` };
    const { executionArn = '' } = await sfn.send(new StartExecutionCommand(named));
    const over = Promise.withResolvers<void>();
    const handler =
      (state: string): TaskHandler =>
      async (payload) => {
        await before[state]?.(() => engine.stop(executionArn));
        if (isBuild(state)) return world.builds[BUILDERS[state]](payload);
        return invoke(functionOf(state), payload);
      };
    const engine: WorkflowEngine = workflowEngine({
      definitions: { [workflow]: machines[workflow].definition },
      handlers: Object.fromEntries(
        statesOf(machines[workflow], 'Task').map((state) => [
          state,
          waiting(state, handler(state)),
        ]),
      ),
      onEnded: async () => over.resolve(),
      overrides: NO_WAITS,
    });
    const beganMs = systemClock.monotonicMs();
    await engine.start(workflow, executionArn, asked);
    await over.promise;
    await engine.stopAll();
    tell(`run ${runs}, a ${workflow}`, beganMs);
    return executionArn;
  }

  return {
    ...world,
    invoke,
    run,
    clock,
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

/** Runs one part after the other: a share of them, or all in a thorough run. */
export async function each(parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const part of share(parts)) await part();
}

function functionOf(state: string): string {
  return `${state.charAt(0).toLowerCase()}${state.slice(1)}`;
}

/** Lambda hands over no line of a server that died before it had one: then the log is read. */
function amend({ caller }: AwsRequest, headers: Record<string, unknown>): void {
  if (caller === 'describeCandidate') delete headers['x-amz-log-result'];
}
