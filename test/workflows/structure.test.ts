import { existsSync, readdirSync } from 'node:fs';
import * as z from 'zod/mini';
import { RETRYABLE } from '#domain/failure.ts';
import { type StepName, workflow } from '#domain/workflow.ts';
import { definitionOf, WORKFLOWS } from '../../statemachines/make.ts';
import { type AslState, MACHINES, type Machine } from '../support/walk/asl.ts';
import { danglingPaths, unreachedStates } from '../support/walk/asl-paths.ts';

const INVOKE = 'arn:aws:states:::lambda:invoke';
const retryable = Object.entries(RETRYABLE)
  .filter(([, isRetryable]) => isRetryable)
  .map(([name]) => name);

// The errors of Lambda itself that a retry may pass.
// https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
const LAMBDA_PASSING = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];

// A function that was idle for weeks is set up again when it is invoked; it took up to 106 s where somebody measured it.
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html, https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/801
const LAMBDA_WAKING = [
  'Lambda.CodeArtifactUserPendingException',
  'Lambda.ResourceNotReadyException',
];

// More builds at once than the account may run.
// https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html#API_StartBuild_Errors
const BUILDS_FULL = 'CodeBuild.AccountLimitExceededException';

// A start that was throttled or not answered, by either of the names that workflows match it by; an idempotency token makes it safe to ask again.
const BUILDS_PASSING = [
  'CodeBuild.CodeBuildException',
  'CodeBuild.AWSCodeBuildException',
  'CodeBuild.SdkClientException',
];

// A step that ran out of memory or time, as its answer names it, or Step Functions where the answer has no name.
// https://github.com/aws/aws-lambda-runtime-interface-emulator (fatalerror), https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
const LAMBDA_SPENT = [
  'Lambda.Unknown',
  'Sandbox.Timedout',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
];

const kebab = (name: string) =>
  name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
const root = (path: string) => new URL(`../../${path}`, import.meta.url);
const namesIn = (folder: string) => readdirSync(root(folder)).map((file) => file.split('.')[0]!);
const tasksOf = ({ states }: Machine) =>
  Object.entries(states).filter(([, { Type }]) => Type === 'Task');
const stepsOf = (machine: Machine) =>
  tasksOf(machine).filter(([, { Resource }]) => Resource === INVOKE);
const stepNames = [
  ...new Set(MACHINES.flatMap((machine) => stepsOf(machine).map(([name]) => name))),
];

it.each(WORKFLOWS)('%s is what its YAML says, in the same order', (name) => {
  const machine = MACHINES.find((each) => each.name === name);

  // The definition as it is written: engines that ran in this process fill one in.
  const read = JSON.parse(machine?.text ?? '');
  expect(JSON.stringify(read) === JSON.stringify(definitionOf(name))).toBe(true);
});

describe('the names of the workflows', () => {
  it.each(stepNames)('%s has a step, exported by its name', async (name) => {
    const step: Record<string, unknown> = await import(root(`src/steps/${kebab(name)}.ts`).href);

    expect(typeof step[name[0]!.toLowerCase() + name.slice(1)]).toBe('function');
  });

  it.each(stepNames)('%s has a test', (name) => {
    expect(existsSync(root(`test/steps/${kebab(name)}.test.ts`))).toBe(true);
  });

  it('have a state for every step, but for those that run beside the workflows', () => {
    const beside = ['meter-live', 'publish-events', 'recover', 'weigh-live'];
    const shared = [
      ...[
        'arrived',
        'ask-both',
        'render-prompts',
        'capture-plan',
        'client-requests',
        'compare-versions',
        'earlier-answers',
        'example-lines',
        'judge-answers',
        'kept-versions',
        'late-data',
        'learnt-before',
        'measured-live',
        'patience',
        'probe',
        'proof',
        'provision',
        'record-move',
      ],
      ...['require-deployment', 'revision-spec', 'score-answers', 'stray-file', 'take-over'],
      'unverified',
    ];
    const files = namesIn('src/steps').filter((name) => !name.startsWith('sweep'));

    expect(files.sort()).toEqual([...stepNames.map(kebab), ...beside, ...shared].sort());
  });

  it('have schemas for exactly their steps', () => {
    expect(Object.keys(workflow).sort()).toEqual(stepNames.toSorted());
  });

  it('have the same comment and the same limits for a step that is in several', () => {
    const [deploy, ...others] = MACHINES;
    const same = ({ Resource, Parameters, ResultSelector, Retry, TimeoutSeconds }: AslState) => ({
      Resource,
      Parameters,
      ResultSelector,
      Retry,
      TimeoutSeconds,
    });
    const shared = others.flatMap(stepsOf).filter(([name]) => deploy?.states[name]);

    expect(shared.map(([name, state]) => [name, same(state)])).toEqual(
      shared.map(([name]) => [name, same(deploy!.states[name]!)]),
    );
  });
});

describe.each(MACHINES)('the $name workflow', (machine) => {
  const { states, text, definition, timeoutSeconds } = machine;
  const tasks = tasksOf(machine);
  const steps = stepsOf(machine);
  const services = tasks.filter(([, { Resource }]) => Resource !== INVOKE);

  it('gives each step exactly the fields that its input has', () => {
    const given = steps.map(([name, { Parameters }]) => [
      name,
      Object.keys(Parameters!.Payload)
        .map((key) => key.replace('.$', ''))
        .sort(),
    ]);

    expect(given).toEqual(
      steps.map(([name]) => {
        const { properties } = z.toJSONSchema(workflow[name as StepName].input);
        return [name, Object.keys(properties!).sort()];
      }),
    );
  });

  it.each(steps)('%s invokes the Lambda function of its name', (name, { Parameters }) => {
    expect(Parameters!.FunctionName).toBe(`\${${name}Function}`);
  });

  it.each(tasks)('%s ends in time, before the workflow does', (_name, { TimeoutSeconds }) => {
    expect(TimeoutSeconds).toBeGreaterThan(0);
    expect(TimeoutSeconds).toBeLessThan(timeoutSeconds);
  });

  it('starts no service but the builds of an environment, a Dockerfile and an image, each in a project of its own, and waits for them', () => {
    const resource = 'arn:aws:states:::codebuild:startBuild.sync';
    const builds = [
      ['BuildEnvironment', resource, `\${EnvironmentProject}`],
      ['BuildOwnImage', resource, `\${OwnImageProject}`],
      ['BuildImage', resource, `\${ImageProject}`],
    ];

    expect(
      services.map(([name, { Resource, Parameters }]) => [name, Resource, Parameters?.ProjectName]),
    ).toEqual(machine.name === 'deploy' ? builds : []);
  });

  it('gives builds of an environment nothing that leads to an artifact', () => {
    const given = JSON.stringify(states['BuildEnvironment']?.Parameters ?? {});

    expect(given).not.toMatch(/artifact|image/i);
  });

  it('starts a service again at once only when the service did not take it', () => {
    const retried = services.flatMap(([, { Retry }]) =>
      Retry!.flatMap(({ ErrorEquals }) => ErrorEquals),
    );

    expect(retried).toEqual(services.flatMap(() => BUILDS_PASSING));
  });

  it.each(steps)('%s retries each retryable failure and no other', (_name, { Retry }) => {
    const retried = Retry!.flatMap(({ ErrorEquals }) => ErrorEquals);

    expect(retried).toEqual([...retryable, ...LAMBDA_PASSING, ...LAMBDA_WAKING, ...LAMBDA_SPENT]);
  });

  it.each(steps)(
    '%s runs once more at most when it ran out of memory or time',
    (_name, { Retry }) => {
      const unknown = Retry!.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.Unknown'));

      expect(unknown!.MaxAttempts).toBe(1);
    },
  );

  it.each(steps)(
    '%s waits at least as patiently for Lambda as for what it calls',
    (_name, { Retry }) => {
      const lambda = retrierOf(Retry!, 'Lambda.TooManyRequestsException');
      const called = retrierOf(Retry!, 'PlatformUnavailable');

      expect(lambda.MaxAttempts).toBeGreaterThanOrEqual(called.MaxAttempts!);
    },
  );

  // An account at its limit of concurrent executions says nothing about a model.
  it.each(steps)('%s waits for room at Lambda as long as RollBack does', (_name, { Retry }) => {
    const patient = MACHINES[0]!.states['RollBack']!.Retry!;

    for (const error of ['Lambda.TooManyRequestsException', 'PlatformThrottled']) {
      expect(retrierOf(Retry!, error)).toEqual(retrierOf(patient, error));
      expect(retrierOf(patient, error).MaxAttempts).toBe(30);
    }
  });

  it.each(tasks)('%s spreads its retries and bounds their wait', (_name, { Retry }) => {
    for (const { JitterStrategy, MaxDelaySeconds } of Retry!) {
      expect(JitterStrategy).toBe('FULL');
      expect(MaxDelaySeconds).toBeGreaterThan(0);
    }
  });

  it.each(tasks)(
    '%s catches everything, last and alone, and keeps the error',
    (_name, { Catch }) => {
      const last = Catch!.at(-1)!;

      expect(last.ErrorEquals).toEqual(['States.ALL']);
      expect(last.ResultPath).toBe('$.error');
    },
  );

  it.each(tasks)('%s is caught by what its time in the workflow asks for', (name, { Catch }) => {
    const caught = Catch!.map(({ ErrorEquals, Next }) => [...ErrorEquals, Next]);
    const isRefused = name === 'ProvisionLambda';
    const isBuild = name.startsWith('Build');

    expect(caught).toEqual([
      ...(isRefused ? [['TargetRefused', 'ChooseTarget']] : []),
      ...(isBuild ? [[BUILDS_FULL, 'IsBuildHeld']] : []),
      ['States.ALL', catcher(name)],
    ]);
  });

  it('matches only errors that exist', () => {
    const known = [
      ...Object.keys(RETRYABLE),
      ...[...LAMBDA_PASSING, ...LAMBDA_WAKING, ...LAMBDA_SPENT],
      ...[BUILDS_FULL, ...BUILDS_PASSING, 'States.ALL'],
    ];
    const matched = tasks.flatMap(([, { Retry, Catch }]) =>
      [...Retry!, ...Catch!].flatMap(({ ErrorEquals }) => ErrorEquals),
    );

    expect(matched.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has a default in every choice', () => {
    const choices = Object.entries(states).filter(([, { Type }]) => Type === 'Choice');

    expect(choices.filter(([, { Default }]) => !Default)).toEqual([]);
  });

  it('has a constant error and cause in every Fail state', () => {
    const fails = Object.entries(states).filter(([, { Type }]) => Type === 'Fail');

    for (const [, fail] of fails) {
      expect(fail.Error).toMatch(/^[A-Z]\w+$/);
      expect(fail.Cause).toMatch(/\w/);
    }
    expect(fails.map(([name]) => name)).toEqual(
      machine.name === 'undeploy' ? ['Failed'] : ['Failed', 'RolledBack'],
    );
  });

  it('says of each state what it is for', () => {
    expect(Object.keys(states).filter((name) => !states[name]?.Comment)).toEqual([]);
    expect(definition).toHaveProperty('Comment');
  });

  it('reads no path that may be missing when it is read', () => {
    expect(danglingPaths(machine)).toEqual([]);
  });

  it('has no state that nothing leads to', () => {
    expect(unreachedStates(machine)).toEqual([]);
  });

  it('ends every loop by a count', () => {
    const waits = Object.keys(states).filter((name) => states[name]?.Type === 'Wait');
    const loops = waits.filter((name) => name !== 'DrainPrevious');

    // test/workflows/history.test.ts checks their sum.
    for (const name of loops) expect(loopBound(machine, name)).toBeGreaterThanOrEqual(90);
  });

  it('uses nothing that only one of its two engines knows', () => {
    const foreign =
      /"(QueryLanguage|Assign|Arguments|Output|HeartbeatSeconds|Credentials|ItemProcessor)"|waitForTaskToken|\$\$\.(State|Task)\b|"ResultPath": "\$"/;

    expect(text).not.toMatch(foreign);
  });
});

// The state that catches a step's failure, by how far the deployment has come; before any traffic moves all is taken back.
const CATCHERS: Readonly<Record<string, string>> = {
  AdmitDeployment: 'Failed',
  AdmitPromotion: 'Failed',
  AwaitApproval: 'Failed',
  AwaitContainers: 'Failed',
  AdmitRollback: 'Failed',
  AdmitUndeploy: 'Failed',
  AcquireLease: 'Failed',
  BuildEnvironment: 'ExplainBuild',
  BuildOwnImage: 'ExplainBuild',
  BuildImage: 'ExplainBuild',
  ShiftTraffic: 'RollBack',
  VerifyTraffic: 'RollBack',
  JudgeBake: 'RollBack',
  CommitDeployment: 'RollBack',
  RetirePrevious: 'ReleaseLease',
  RollBack: 'Failed',
  Compensate: 'Failed',
  ReleaseLease: 'WhichEnd',
};

function catcher(name: string): string {
  return CATCHERS[name] ?? 'Compensate';
}

/** The count that the rule leading into a loop's Wait state holds `attempt` under. */
function loopBound({ states }: Machine, wait: string): number | undefined {
  const bounds = Object.values(states)
    .flatMap(({ Choices = [] }) => Choices)
    .filter(({ Next }) => Next === wait)
    .flatMap(({ And }) => (And ?? []) as { NumericLessThan?: number }[]);
  return bounds.find(({ NumericLessThan }) => NumericLessThan !== undefined)?.NumericLessThan;
}

function retrierOf(retriers: NonNullable<AslState['Retry']>, error: string) {
  return retriers.find(({ ErrorEquals }) => ErrorEquals.includes(error))!;
}
