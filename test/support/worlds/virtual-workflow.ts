import {
  type ExecutionEnd,
  type TaskHandler,
  type WorkflowEngine,
  workflowEngine,
} from '#adapters/local/workflow/workflow-engine.ts';
import { Failure } from '#domain/failure.ts';
import { type StepName, workflow } from '#domain/workflow.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';
import { MOST_ATTEMPTS, recover } from '#steps/recover.ts';
import { machines } from '../walk/asl.ts';
import './prompt-digest.ts';
import type { Tap } from '../faults/tapped.ts';
import {
  idOf,
  type MemoryWorld,
  MODEL,
  memoryWorld,
  type Start,
  type WorldOptions,
} from './memory.ts';
import { workflowOf } from './memory-way.ts';
import { NO_WAITS, virtualWaits } from './virtual-waits.ts';

export type VirtualWorkflow = MemoryWorld & {
  /** Runs one execution of a request to its end; its unfinished work stays unfinished, as when all of Slipway died. */
  execute(start: Start): Promise<ExecutionEnd>;
  /** Follows up the end of an execution: others take up what it left, and are followed too. */
  settle(end: ExecutionEnd): Promise<void>;
  /** Runs an execution and its follow-ups. */
  run(start: Start): Promise<ExecutionEnd>;
  /** The ends of the executions that were started by the port and not asked for yet; waits until none of them runs. */
  startedEnds(): Promise<readonly ExecutionEnd[]>;
  /** Wraps every call that a step makes of a port from now on. */
  tap(tap: Tap): void;
  /** Stops the running executions, as StopExecution does. */
  stop(): void;
  /** The steps that were run, oldest first. */
  readonly states: readonly StepName[];
  /** When clients would have got a revision that is not there. */
  readonly outages: readonly string[];
};

let runs = 0;

/** The workflows that ship, in their engine, with the real steps over a memory world; waits and retries pass in virtual time. */
export function virtualWorkflow(options: WorldOptions = {}): VirtualWorkflow {
  let around: Tap = (_, call) => call();
  const taken = new Set<string>();
  const running = new Map<string, WorkflowEngine>();
  const begun: Promise<ExecutionEnd>[] = [];
  const states: StepName[] = [];
  const outages: string[] = [];

  function begin(name: WorkflowName, execution: string, input: unknown): Promise<ExecutionEnd> {
    taken.add(execution);
    return new Promise<ExecutionEnd>((ended, failed) => {
      // Each execution has its own engine: after a death, its open work is gone with it.
      const engine = engineOf(mortal(inVirtualTime(world, states)), ended);
      running.set(execution, engine);
      engine.start(name, execution, input).catch(failed);
    }).finally(() => running.delete(execution));
  }

  const executions: Executions = {
    isRunning: async (execution) => running.has(execution),
    stop: async (execution) => running.get(execution)?.stop(execution),
    // AWS takes no name twice either.
    async start(name, execution, input) {
      const known = running.get(execution);
      if (known) return known.start(name, execution, input);
      if (taken.has(execution)) throw new Failure('InputInvalid', `${execution} has run`);
      begun.push(begin(name, execution, input));
    },
  };
  const tap: Tap = (method, call, asked) =>
    around(method, call, asked).finally(() => outages.push(...outagesOf(world, method)));
  const world: MemoryWorld = memoryWorld({ ...options, tap, executions });
  const takeUp = recover({
    registry: world.registry,
    executions,
    mostAttempts: MOST_ATTEMPTS,
  });

  async function execute(start: Start): Promise<ExecutionEnd> {
    runs += 1;
    // Names of one length, so that payloads of two runs have one too.
    return begin(workflowOf(start), `run-${String(runs).padStart(6, '0')}`, start);
  }

  const startedEnds = () => Promise.all(begun.splice(0));

  async function settle(end: ExecutionEnd): Promise<void> {
    await takeUp(end.execution, await deploymentOf(end.input as Start), end);
    for (const started of await startedEnds()) await settle(started);
  }

  return {
    ...world,
    states,
    outages,
    execute,
    settle,
    startedEnds,
    async run(start) {
      const end = await execute(start);
      await settle(end);
      return end;
    },
    tap(wanted) {
      around = wanted;
    },
    stop() {
      // Not before the engine knows the execution that a first step stops.
      setImmediate(() => {
        for (const [execution, engine] of running) void engine.stop(execution);
      });
    },
  };
}

/** Tasks that end with their execution: the engine waits for each by a real timer, which would keep a step that died in virtual time, and its world, for minutes. */
function mortal(
  handlers: Readonly<Record<string, TaskHandler>>,
): Readonly<Record<string, TaskHandler>> {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      (payload, stopped) => Promise.race([handler(payload, stopped), endOf(stopped)]),
    ]),
  );
}

function endOf(stopped: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  stopped.addEventListener('abort', () => reject(OVER), { once: true });
  return promise;
}

// The engine treats this error as one that no Retry and no Catch may handle.
const OVER = Object.assign(new Error('the execution is over'), {
  name: 'States.Aborted',
  isCatchable: false,
  isRetryable: false,
});

const DEFINITIONS = {
  deploy: machines.deploy.definition,
  promote: machines.promote.definition,
  rollback: machines.rollback.definition,
  undeploy: machines.undeploy.definition,
};

function engineOf(
  handlers: Readonly<Record<string, TaskHandler>>,
  ended: (end: ExecutionEnd) => void,
): WorkflowEngine {
  return workflowEngine({
    definitions: DEFINITIONS,
    handlers,
    onEnded: async (end) => ended(end),
    overrides: NO_WAITS,
  });
}

async function deploymentOf(start: Start): Promise<string> {
  return 'detail' in start ? idOf(start) : start.deploymentId;
}

/** The revisions that clients would get now although they are gone, or do not run in containers. */
function outagesOf({ router, lambda, platforms, existing }: MemoryWorld, method: string) {
  const { fargate, ec2 } = platforms;
  const answer = (revision: string) =>
    lambda.existing().includes(revision) ||
    fargate.running().includes(revision) ||
    ec2.running().includes(revision);
  return Object.keys(router.dataPlane(MODEL))
    .filter((revision) => !answer(revision))
    .map((revision) => {
      const what = existing().includes(revision) ? 'does not run' : 'is gone';
      return `after ${method} clients get ${revision}, which ${what}`;
    });
}

function inVirtualTime(
  { clock, steps }: MemoryWorld,
  states: StepName[],
): Readonly<Record<string, TaskHandler>> {
  const waiting = virtualWaits(clock);
  const timed = (name: StepName) =>
    waiting(name, async (payload) => {
      states.push(name);
      return workflow[name].output.parse(await steps[name](payload));
    });
  const named = Object.keys(workflow).map((name) => [name, timed(name as StepName)]);
  const { BuildEnvironment, BuildOwnImage, BuildImage } = steps;
  return { ...Object.fromEntries(named), BuildEnvironment, BuildOwnImage, BuildImage };
}
