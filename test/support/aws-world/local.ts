import {
  type ExecutionEnd,
  type TaskHandler,
  workflowEngine,
} from '#adapters/local/workflow/workflow-engine.ts';
import { crossingDrainSeconds } from '#compose/aws.ts';
import { PROVISIONING_SECONDS } from '#compose/aws-ports.ts';
import { inspectingBy } from '#compose/inspection.ts';
import { stepHandlers } from '#compose/local-workflow.ts';
import { byRuntime } from '#domain/build/runtime.ts';
import { NO_CAPS } from '#domain/placement/caps.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { AWS_SHIFTS } from '#domain/rollout/plan-shift.ts';
import { APART } from '#ports/comparing.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { MOST_ATTEMPTS } from '#steps/recover.ts';
import { recoverEnded, type Swept, sweep } from '#steps/sweep.ts';
import { weighLive } from '#steps/weigh-live.ts';
import { awsClient } from '../aws/clients.ts';
import { onOutbox } from '../aws/dynamo.ts';
import type { Moto } from '../aws/moto.ts';
import { apiGatewayRules } from '../aws/rules/apigateway.ts';
import { dynamodbRules } from '../aws/rules/dynamodb.ts';
import { lambdaImageRules } from '../aws/rules/ecr.ts';
import { eventbridgeRules } from '../aws/rules/eventbridge.ts';
import { lambdaStates } from '../aws/rules/lambda.ts';
import { lambdaAliases } from '../aws/rules/lambda-alias.ts';
import {
  type AnyClient,
  type AwsRule,
  addMiddleware,
  awsError,
  awsRules,
} from '../aws/rules/rules.ts';
import { s3Rules } from '../aws/rules/s3.ts';
import { type FakeClock, fakeClock } from '../clock/fake-clock.ts';
import { machines } from '../walk/asl.ts';
import { HERE } from '../worlds/inspector.ts';
import { type Start, workflowOf } from '../worlds/memory-way.ts';
import { stepListeners } from '../worlds/step-listeners.ts';
import { GRACES, PERIOD_MS } from '../worlds/swept.ts';
import { NO_WAITS, virtualWaits } from '../worlds/virtual-waits.ts';
import { oneAtATime } from './outbox.ts';
import { type Attempt, bytesOf, historyLength, type Run, statesOf } from './paths.ts';
import { awsPorts } from './ports.ts';
import { deploymentOf } from './scenarios.ts';
import { awsWorld } from './world.ts';

export type LocalAws = Awaited<ReturnType<typeof localAws>>;

type LocalAwsOptions = {
  /** Rules in addition to those that always apply. */
  readonly also?: (clock: FakeClock) => readonly AwsRule[];
  /** Each step runs in a separate process, like a function whose every invocation is a cold start: it knows nothing of the one before. */
  readonly isCold?: boolean;
};

/** The workflows that ship, run by the local engine in virtual time, with the steps over the AWS adapters behind AWS's rules. */
export async function localAws(moto: Moto, options: LocalAwsOptions = {}) {
  const { also = () => [], isCold = false } = options;
  const clock = fakeClock(Date.now());
  const world = await awsWorld(moto, {
    clock,
    rulesOf: (ecr) =>
      awsRules([
        ...s3Rules,
        ...dynamodbRules(),
        ...eventbridgeRules,
        ...lambdaStates({ looks: 0 }).rules,
        ...lambdaAliases(),
        ...lambdaImageRules(ecr),
        ...apiGatewayRules(clock.now),
        ...also(clock),
      ]),
  });
  const { rules } = world;
  const faults: Fault[] = [];
  const client = <Client extends AnyClient>(Client: Parameters<typeof awsClient<Client>>[0]) =>
    rules.guard(throttled(awsClient(Client, world.front), faults));
  const dynamo = onOutbox(world.dynamo(rules), () => publishing.poke());
  const newPorts = () => awsPorts(world, { client, dynamo, clock });
  const ports = newPorts();
  const publishing = oneAtATime(publishEvents({ registry: ports.registry, bus: ports.bus }));
  const ends = new Map<string, (end: ExecutionEnd) => void>();
  const begun: Promise<ExecutionEnd>[] = [];
  const hooks = new Map<string, () => unknown>();
  const steps = new Set<Promise<unknown>>();
  const stepping = stepListeners();
  let attempts: Attempt[] = [];
  let payloadBytes = 0;

  const observed = (state: string, handler: TaskHandler): TaskHandler => {
    return async (payload, stopped) => {
      const over = Promise.withResolvers<void>();
      steps.add(over.promise);
      const hook = hooks.get(state);
      hooks.delete(state);
      await hook?.();
      try {
        const answer = await stepping.told(() => handler(payload, stopped));
        payloadBytes = Math.max(payloadBytes, bytesOf(payload), bytesOf(answer));
        attempts.push({ state, error: '' });
        return answer;
      } catch (error) {
        attempts.push({ state, error: (error as Error).name });
        throw error;
      } finally {
        over.resolve();
      }
    };
  };
  const executions: Executions = {
    isRunning: (name) => engine.isRunning(name),
    stop: (name) => engine.stop(name),
    start: async (workflow, name, input) => void begun.push(begin(workflow, name, input)),
  };
  const stepsOver = (over: typeof ports) =>
    stepHandlers({
      ...over,
      ...over.platforms,
      clock,
      executions,
      engine: 'image',
      offered: TARGETS,
      caps: NO_CAPS,
      gpus: { areChosen: true, baseImages: { VLLM_IMAGE: 'vllm@sha256:1' } },
      ownImages: 'built',
      functionConcurrency: async () => null,
      fargateVcpus: async () => null,
      ec2Vcpus: async () => null,
      starts: over.registry.starts,
      unwalled: null,
      mostMachine: 'BUILD_GENERAL1_LARGE',
      freeBytes: null,
      comparing: APART,
      requireApproval: false,
      trust: { here: 'bucket', signers: [] },
      waitMs: 0,
      provisioningSeconds: PROVISIONING_SECONDS,
      ...inspectingBy(HERE),
      shifts: { ...AWS_SHIFTS, bakeSeconds: world.bakeSeconds },
      crossingDrainSeconds: crossingDrainSeconds(),
      hashes: byRuntime(() => 'environment-1'),
    });
  const warm = stepsOver(ports);
  const cold = Object.keys(warm).map((state): [string, TaskHandler] => [
    state,
    (payload) => stepsOver(newPorts())[state as keyof typeof warm](payload),
  ]);
  const handlers: Readonly<Record<string, TaskHandler>> = {
    ...(isCold ? Object.fromEntries(cold) : warm),
    BuildEnvironment: world.builds.buildEnvironment,
    BuildOwnImage: world.builds.buildOwnImage,
    BuildImage: world.builds.build,
  };
  const waiting = virtualWaits(clock);
  const engine = workflowEngine({
    definitions: {
      deploy: machines.deploy.definition,
      promote: machines.promote.definition,
      rollback: machines.rollback.definition,
      undeploy: machines.undeploy.definition,
    },
    handlers: Object.fromEntries(
      Object.entries(handlers).map(([state, handler]) => [
        state,
        observed(state, waiting(state, handler)),
      ]),
    ),
    onEnded: async (end) => ends.get(end.execution)?.(end),
    overrides: NO_WAITS,
  });
  const takeUp = recoverEnded({
    registry: ports.registry,
    executions,
    mostAttempts: MOST_ATTEMPTS,
  });
  const sweepAll = sweep({
    ...ports,
    clock,
    executions,
    offered: TARGETS,
    bucket: world.s3.bucket,
    ...GRACES,
    unusedEnvironments: null,
  });
  const weigh = weighLive({ ...ports, clock, executions });
  let runs = 0;

  function begin(workflow: WorkflowName, name: string, input: unknown): Promise<ExecutionEnd> {
    return new Promise((resolve, reject) => {
      ends.set(name, resolve);
      engine.start(workflow, name, input).catch(reject);
    });
  }

  async function settle({ execution, error, cause }: ExecutionEnd): Promise<void> {
    if (error) await takeUp({ executionArn: execution, status: 'FAILED', error, cause });
    await follow();
  }

  async function follow(): Promise<void> {
    for (const next of await Promise.all(begun.splice(0))) await settle(next);
  }

  return {
    ...world,
    ports,
    clock,
    fired: rules.fired,
    /** Throttles the next changes of a function's configuration. */
    throttleConfiguration: (times: number) =>
      void faults.push({ command: 'UpdateFunctionConfiguration', left: times }),
    /** Runs the action once, before the next run of a state's step. */
    before: (state: string, hook: () => unknown) => void hooks.set(state, hook),
    onStep: stepping.onStep,

    /** Runs one execution of a request to its end, settled and published. */
    async run(start: Start): Promise<Run> {
      runs += 1;
      const execution = `execution-${runs}`;
      const workflow = workflowOf(start);
      attempts = [];
      payloadBytes = 0;
      const end = await begin(workflow, execution, start);
      const own = [...attempts];
      await settle(end);
      await publishing.done();
      const deployment = await ports.registry.deployment(await deploymentOf(start));
      const phase = deployment?.phase ?? 'Ignored';
      const states = statesOf(machines[workflow], own, phase);
      const historyEvents = historyLength(machines[workflow], states);
      return { execution, attempts: own, payloadBytes, states, historyEvents };
    },

    /** Runs one execution that is stopped when it is about to run a state's step, which runs nevertheless; nobody hears of its end. */
    async runStopped(start: Start, state: string): Promise<void> {
      runs += 1;
      const execution = `execution-${runs}`;
      hooks.set(state, () => engine.stop(execution));
      await begin(workflowOf(start), execution, start);
      await Promise.all(steps);
    },

    /** Runs the schedule's look at the placement of live versions, and the moves that it starts, which it answers. */
    async weigh(): Promise<readonly string[]> {
      const moves = await weigh();
      await follow();
      await publishing.done();
      return moves;
    },

    /** Runs the schedule's sweep at its time, and the executions that it starts. */
    async sweep(): Promise<Swept> {
      clock.advance(PERIOD_MS);
      const swept = await sweepAll();
      await follow();
      await publishing.done();
      return swept;
    },

    async close() {
      await engine.stopAll();
      await world.close();
    },
  };
}

type Fault = { readonly command: string; left: number };

function throttled<Client extends AnyClient>(client: Client, faults: readonly Fault[]): Client {
  addMiddleware(client, (next, { commandName }) => async (args) => {
    const fault = faults.find(
      ({ command, left }) => left > 0 && commandName === `${command}Command`,
    );
    if (!fault) return next(args);
    fault.left -= 1;
    const name = 'TooManyRequestsException';
    throw awsError({ name, message: 'Rate exceeded', status: 429 });
  });
  return client;
}
