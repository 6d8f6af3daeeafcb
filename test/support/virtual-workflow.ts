import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type ExecutionEnd,
  type TaskHandler,
  workflowEngine,
} from '#adapters/local/workflow-engine.ts';
import { type ObjectCreated, type StepName, workflow } from '#domain/workflow.ts';
import { settle } from '#steps/settle.ts';
import { deployAsl, deployStates } from './deploy-asl.ts';
import { type MemoryWorld, MODEL, memoryWorld, type WorldOptions } from './memory-world.ts';
import type { Tap } from './tapped.ts';

export type VirtualWorkflow = MemoryWorld & {
  /** One execution of an event, to its end; what it leaves undone is left so, as when all of Slipway died. */
  execute(event: ObjectCreated): Promise<ExecutionEnd>;
  /** What follows the end of an execution. */
  settle(end: ExecutionEnd): Promise<void>;
  /** An execution, settled. */
  run(event: ObjectCreated): Promise<ExecutionEnd>;
  /** From now on goes around every call that a step makes of a port. */
  tap(tap: Tap): void;
  /** Stops what runs, as StopExecution does. */
  stop(): void;
  /** The steps that were run, oldest first. */
  readonly states: readonly StepName[];
  /** When clients would have got a revision that is not there. */
  readonly outages: readonly string[];
};

type Current = {
  readonly steps: Readonly<Record<string, TaskHandler>>;
  readonly ended: (end: ExecutionEnd) => void;
};

const current = new AsyncLocalStorage<Current>();
const names = [...Object.keys(workflow), 'BuildImage'];

// Built once, as building it takes longer than a hundred runs; each run brings its own world's steps.
const engine = workflowEngine({
  definition: deployAsl,
  handlers: Object.fromEntries(
    names.map((name) => [name, async (payload) => current.getStore()?.steps[name]?.(payload)]),
  ),
  onEnded: async (end) => current.getStore()?.ended(end),
  overrides: { waitTimeOverrides: noTime('Wait'), retryIntervalOverrides: noTime('Task') },
});

let executions = 0;

/** The workflow that ships, in its engine, with the real steps over a memory world; waits and retries pass in virtual time. */
export function virtualWorkflow(options: WorldOptions = {}): VirtualWorkflow {
  let around: Tap = (_, call) => call();
  const outages: string[] = [];
  const tap: Tap = (method, call) =>
    around(method, call).finally(() => {
      const gone = Object.keys(world.router.dataPlane(MODEL)).filter(
        (revision) => !world.lambda.existing().includes(revision),
      );
      outages.push(
        ...gone.map((revision) => `after ${method} clients get ${revision}, which is gone`),
      );
    });
  const world: MemoryWorld = memoryWorld({ ...options, tap, executions: engine });
  const running = new Set<string>();
  const states: StepName[] = [];
  const settled = settle({ registry: world.registry, artifacts: world.store });

  async function execute(event: ObjectCreated): Promise<ExecutionEnd> {
    executions += 1;
    const execution = `run-${executions}`;
    running.add(execution);
    const end = await new Promise<ExecutionEnd>((ended, failed) => {
      const steps = inVirtualTime(world, states);
      current.run({ steps, ended }, () => engine.start(execution, event).catch(failed));
    });
    running.delete(execution);
    return end;
  }

  async function settleEnd(end: ExecutionEnd): Promise<void> {
    await settled({ ...end, event: end.input as ObjectCreated });
  }

  return {
    ...world,
    states,
    outages,
    execute,
    settle: settleEnd,
    async run(event) {
      const end = await execute(event);
      await settleEnd(end);
      return end;
    },
    tap(wanted) {
      around = wanted;
    },
    stop() {
      // Not before the engine knows the execution that a first step stops.
      setImmediate(() => running.forEach(engine.stop));
    },
  };
}

type Answer = Readonly<Record<string, unknown>>;

/** How long the Wait after a step's answer takes; a bake's slices are waited for before each judgement. */
function waitSeconds({ kind, retrySeconds, drainSeconds }: Answer): number {
  const isLooking = kind === 'held' || kind === 'pending';
  return Number((isLooking ? retrySeconds : drainSeconds) ?? 0);
}

function inVirtualTime(
  { clock, steps }: MemoryWorld,
  states: StepName[],
): Readonly<Record<string, TaskHandler>> {
  let sliceSeconds = 0;
  let failures = 0;
  const pass = (seconds: number) => clock.advance(seconds * 1000);

  const timed = (name: StepName): TaskHandler => {
    return async (payload) => {
      if (name === 'JudgeBake') pass(sliceSeconds);
      states.push(name);
      try {
        const answer: Answer = workflow[name].output.parse(await steps[name](payload));
        if (name === 'ShiftTraffic') sliceSeconds = Number(answer['sliceSeconds']);
        pass(waitSeconds(answer));
        failures = 0;
        return answer;
      } catch (error) {
        pass(2 ** failures);
        failures += 1;
        throw error;
      }
    };
  };
  const named = Object.keys(workflow).map((name) => [name, timed(name as StepName)]);
  return { ...Object.fromEntries(named), BuildImage: steps.BuildImage };
}

function noTime(type: string): Record<string, number> {
  const named = Object.entries(deployStates).filter(([, state]) => state.Type === type);
  return Object.fromEntries(named.map(([name]) => [name, 0]));
}
