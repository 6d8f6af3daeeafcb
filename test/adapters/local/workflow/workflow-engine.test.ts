import { StateMachine } from 'aws-local-stepfunctions';
import {
  type ExecutionEnd,
  type StepObserver,
  workflowEngine,
} from '#adapters/local/workflow/workflow-engine.ts';
import { Failure } from '#domain/failure.ts';
import { describeExecutions } from '../../../contracts/executions.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { MACHINES } from '../../../support/walk/asl.ts';

const task = {
  Type: 'Task' as const,
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: 'x', 'Payload.$': '$' },
  ResultSelector: { 'result.$': '$.Payload' },
  Retry: [{ ErrorEquals: ['PlatformThrottled'], IntervalSeconds: 1, MaxAttempts: 2 }],
  Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Caught' }],
  End: true as const,
};

const definition = {
  StartAt: 'Work',
  TimeoutSeconds: 3_600,
  States: { Work: task, Caught: { ...task, Catch: [] } },
};

type Handler = (payload: unknown, stopped: AbortSignal) => Promise<unknown>;

function engineWith(
  handlers: { Work: Handler; Caught?: Handler },
  over: object = {},
  onStep: StepObserver = async () => {},
) {
  const ends: ExecutionEnd[] = [];
  const ended = Promise.withResolvers<ExecutionEnd>();
  const given = { ...definition, ...over };
  const engine = workflowEngine({
    definitions: { deploy: given, promote: given, rollback: given, undeploy: given },
    handlers: { Caught: async (payload) => payload, ...handlers },
    overrides: { retryIntervalOverrides: { Work: 0 } },
    onStep,
    async onEnded(end) {
      ends.push(end);
      ended.resolve(end);
    },
  });
  return { engine, ends, ended: ended.promise };
}

describeExecutions('workflowEngine', () => {
  let starts = 0;
  const gate = Promise.withResolvers<void>();
  const { engine } = engineWith({
    Work: async () => {
      starts += 1;
      await gate.promise;
    },
  });
  return {
    executions: engine,
    starts: () => starts,
    async end() {
      gate.resolve();
      await engine.stopAll();
    },
  };
});

describe('the workflow engine', () => {
  it('runs a step with the payload that the workflow makes, and tells of the end once', async () => {
    const payloads: unknown[] = [];
    const { engine, ends, ended } = engineWith({ Work: async (payload) => payloads.push(payload) });

    await engine.start('deploy', 'run-1', { a: 1 });
    await ended;

    expect(payloads).toEqual([{ a: 1 }]);
    expect(ends).toEqual([
      { workflow: 'deploy', execution: 'run-1', input: { a: 1 }, error: '', cause: '' },
    ]);
  });

  it('tells of each moment of a step, and goes on once who is told lets it', async () => {
    const happened: string[] = [];
    const release = Promise.withResolvers<void>();
    const { engine, ended } = engineWith(
      {
        async Work() {
          happened.push('Work');
          throw new Failure('InputInvalid', 'no');
        },
      },
      {},
      async ({ state, moment, execution }) => {
        happened.push(`${execution}: ${state} ${moment}`);
        if (state === 'Work' && moment === 'begins') await release.promise;
      },
    );

    await engine.start('deploy', 'run-1', {});
    await eventually(() => happened.length > 0);
    const before = [...happened];
    release.resolve();
    await ended;

    expect(before).toEqual(['run-1: Work begins']);
    expect(happened).toEqual([
      'run-1: Work begins',
      'Work',
      'run-1: Work ended',
      'run-1: Caught begins',
      'run-1: Caught ended',
    ]);
  });

  it('starts one run for a name that is running', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { engine, ended } = engineWith({
      Work: async () => {
        runs += 1;
        await gate.promise;
      },
    });

    await engine.start('deploy', 'run-1', {});
    await engine.start('deploy', 'run-1', {});
    const isRunning = await engine.isRunning('run-1');
    gate.resolve();
    await ended;

    expect({ runs, isRunning }).toEqual({ runs: 1, isRunning: true });
    expect(await engine.isRunning('run-2')).toBe(false);
  });

  it('retries by the name of a failure', async () => {
    let runs = 0;
    const { engine, ended } = engineWith({
      Work: async () => {
        runs += 1;
        if (runs < 3) throw new Failure('PlatformThrottled', 'slow down');
      },
    });

    await engine.start('deploy', 'run-1', {});

    expect(await ended).toMatchObject({ error: '' });
    expect(runs).toBe(3);
  });

  it('hands a catch the error as Lambda would give it, the fix in the message', async () => {
    const caught: unknown[] = [];
    const { engine, ended } = engineWith({
      Work: () => Promise.reject(new Failure('ArtifactRejected', 'it is bad', { fix: 'Mend it.' })),
      Caught: async (payload) => caught.push(payload),
    });

    await engine.start('deploy', 'run-1', {});
    await ended;

    expect(caught).toEqual([
      {
        error: {
          Error: 'ArtifactRejected',
          Cause: '{"errorType":"ArtifactRejected","errorMessage":"it is bad\\nFix: Mend it."}',
        },
      },
    ]);
  });

  it('lets nothing catch an answer over 256 KiB', async () => {
    const { engine, ended } = engineWith({ Work: async () => 'x'.repeat(300_000) });

    await engine.start('deploy', 'run-1', {});

    expect(await ended).toMatchObject({
      error: 'States.DataLimitExceeded',
      cause: expect.stringMatching(/the limit is 262144/),
    });
  });

  it('ends a run that is stopped, though its step goes on', async () => {
    const gate = Promise.withResolvers<void>();
    const { engine, ends, ended } = engineWith({ Work: () => gate.promise });

    await engine.start('deploy', 'run-1', {});
    await engine.stop('run-1');

    expect(await ended).toMatchObject({ error: 'States.Aborted' });
    gate.resolve();
    await engine.stopAll();
    expect(await engine.isRunning('run-1')).toBe(false);
    expect(ends).toHaveLength(1);
  });

  it('tells a step that its run is over, however that came', async () => {
    const signals: AbortSignal[] = [];
    const gate = Promise.withResolvers<void>();
    const { engine, ends } = engineWith({
      async Work(payload, stopped) {
        signals.push(stopped);
        await (payload === 'waits' ? gate.promise : undefined);
      },
    });
    await engine.start('deploy', 'run-1', 'ends');
    await engine.start('deploy', 'run-2', 'waits');
    await engine.start('deploy', 'run-3', 'waits');
    await eventually(() => ends.length === 1);

    await engine.stop('run-2');

    await eventually(() => ends.length === 2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
    gate.resolve();
    await engine.stopAll();
  });

  it('ends a run that outlives the workflow’s own time', async () => {
    const gate = Promise.withResolvers<void>();
    const { engine, ended } = engineWith({ Work: () => gate.promise }, { TimeoutSeconds: 1 });

    await engine.start('deploy', 'run-1', {});

    expect(await ended).toMatchObject({ error: 'States.Timeout' });
    gate.resolve();
  });

  it('says that a run is over before it tells of its end', async () => {
    const seen = Promise.withResolvers<boolean>();
    const engine = workflowEngine({
      definitions: { deploy: definition },
      handlers: { Work: async () => {}, Caught: fail },
      onEnded: async ({ execution }) => seen.resolve(await engine.isRunning(execution)),
    });

    await engine.start('deploy', 'run-1', {});

    expect(await seen.promise).toBe(false);
  });

  it('runs a name again that has run', async () => {
    const { engine, ends, ended } = engineWith({ Work: async () => {} });
    await engine.start('deploy', 'run-1', {});
    await ended;

    await engine.start('deploy', 'run-1', {});

    await eventually(() => ends.length === 2);
  });

  it('starts no workflow that it was not given', async () => {
    const engine = workflowEngine({
      definitions: { deploy: definition },
      handlers: { Work: fail, Caught: fail },
      onEnded: async () => {},
    });

    await expect(engine.start('undeploy', 'run-1', {})).rejects.toMatchObject({
      name: 'InputInvalid',
    });
  });

  it.each(MACHINES)('takes $name as a state machine that is right', ({ definition: ships }) => {
    const build = () => new StateMachine(ships, { validationOptions: { checkArn: false } });

    expect(build).not.toThrow();
  });

  it('refuses a workflow with a task that no step does', () => {
    const build = () =>
      workflowEngine({
        definitions: { deploy: definition },
        handlers: { Work: fail },
        onEnded: async () => {},
      });

    expect(build).toThrow('the workflow has states without a step: Caught');
  });
});

async function fail(): Promise<never> {
  throw new Error('never called');
}
