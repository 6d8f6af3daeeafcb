import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METERING_MS } from '#domain/placement/spent.ts';
import { sweepEvent } from '#domain/registry/sweep-event.ts';
import { workflow } from '#domain/workflow.ts';
import { type Json, ofType, plain, readTemplate, type Template } from './template.ts';

const ROOT = join(import.meta.dirname, '../..');
const BESIDE = ['Authorize', 'PublishEvents', 'Sweep'];

const template: Template = await readTemplate();
const machines = ofType(template, 'AWS::StepFunctions::StateMachine').map(
  ([, { Properties }]): Json => JSON.parse(Properties.DefinitionString),
);
const functions = ofType(template, 'AWS::Lambda::Function').map(
  ([id, { Properties }]) => [id.replace(/LambdaFunction$/, ''), Properties] as const,
);
const steps = functions.filter(([name]) => name in workflow);

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const LAMBDA_MOST_SECONDS = 900;

describe('the functions of the packaged template', () => {
  it('are one for each step of the workflows, and three beside them', () => {
    const names = functions.map(([name]) => name).toSorted();

    expect(names).toEqual([...Object.keys(workflow), ...BESIDE].toSorted());
  });

  it('have one name in all places', () => {
    const named = functions.map(([, { FunctionName, Handler }]) => ({ FunctionName, Handler }));

    expect(named).toEqual(
      functions.map(([name]) => ({
        FunctionName: `slipway-test-${name.charAt(0).toLowerCase()}${name.slice(1)}`,
        Handler: `functions/${kebab(name)}.handler`,
      })),
    );
  });

  it.each(functions)(
    '%s runs on nodejs24.x and arm64 with the memory that every account has',
    (_, properties) => {
      expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      // Many new accounts refuse more: `'MemorySize' value failed to satisfy constraint`.
      expect(properties.MemorySize).toBe(512);
    },
  );

  it.each(steps)('%s ends a little before its state gives it up', (name, { Timeout }) => {
    const limits = machines.flatMap(({ States }) => States[name]?.TimeoutSeconds ?? []);

    expect(limits).not.toEqual([]);
    expect(Timeout).toBeLessThan(Math.min(...limits));
    expect(Timeout).toBeGreaterThanOrEqual(Math.max(...limits) - 10);
  });

  it('are given up by the time that no function lives any more, though on one machine an inspection may wait for its turn longer', async () => {
    const text = await readFile(join(ROOT, 'statemachines/deploy.asl.json'), 'utf8');
    const here: Json = JSON.parse(text).States;
    const waits = machines.flatMap(({ States }) =>
      steps.flatMap(([name]) => States[name]?.TimeoutSeconds ?? []),
    );

    expect(here.InspectArtifact.TimeoutSeconds).toBeGreaterThan(LAMBDA_MOST_SECONDS);
    expect(Math.max(...waits)).toBeLessThanOrEqual(LAMBDA_MOST_SECONDS);
  });

  it('take concurrency away from the account for the authorizer alone, and on request', () => {
    const reserved = functions.flatMap(([name, { ReservedConcurrentExecutions: count }]) =>
      count ? [[name, count]] : [],
    );

    const onRequest = ['HasReserve', { Ref: 'AuthorizerConcurrency' }, { Ref: 'AWS::NoValue' }];
    expect(reserved).toEqual([['Authorize', { 'Fn::If': onRequest }]]);
    expect(template.Parameters['AuthorizerConcurrency'].Default).toBe(0);
  });

  it('have a role each', () => {
    const roles = functions.map(([name, { Role }]) => [name, plain(Role)]);

    expect(roles).toEqual(functions.map(([name]) => [name, `${name}Role`]));
  });

  it('know of containers only where the stack has them', () => {
    const optional = functions.flatMap(([, { Environment }]) =>
      Object.entries<Json>(Environment.Variables).filter(
        ([, value]) => value['Fn::If']?.[0] === 'HasContainers',
      ),
    );

    expect([...new Set(optional.map(([name]) => name))].toSorted()).toEqual([
      'SLIPWAY_CLUSTER',
      'SLIPWAY_CONTAINER_SECURITY_GROUP',
      'SLIPWAY_CONTAINER_SUBNETS',
      'SLIPWAY_EXECUTION_ROLE',
      'SLIPWAY_INFRASTRUCTURE_ROLE',
      'SLIPWAY_INSTANCE_PROFILE',
      'SLIPWAY_LISTENER',
      'SLIPWAY_LOAD_BALANCER',
      'SLIPWAY_VPC',
      'SLIPWAY_VPC_LINK',
    ]);
    for (const [, value] of optional) {
      expect(value['Fn::If'][2]).toEqual({ Ref: 'AWS::NoValue' });
    }
  });

  it.each(functions)('the variables of %s are told by this stack', (_, { Environment }) => {
    const { SLIPWAY_STAGE, SLIPWAY_TABLE, ...others } = Environment.Variables;
    const unset = Object.entries(others).filter(([, value]) => !value);

    expect([SLIPWAY_STAGE, plain(SLIPWAY_TABLE)]).toEqual(['test', 'Registry']);
    expect(unset).toEqual([]);
  });
});

describe('what is invoked by events', () => {
  it('publishEvents reads what is put in the outbox, halves a batch that fails, and gives it up to a queue', () => {
    const mappings = ofType(template, 'AWS::Lambda::EventSourceMapping');

    expect(mappings).toHaveLength(1);
    const { Properties } = mappings[0]![1];
    expect(plain(Properties.EventSourceArn)).toBe('Registry.StreamArn');
    expect(
      Properties.FilterCriteria.Filters.map(({ Pattern }: Json) => JSON.parse(Pattern)),
    ).toEqual([{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: ['OUTBOX'] } } } }]);
    expect(Properties).toMatchObject({
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
    });
    expect(plain(Properties.DestinationConfig.OnFailure.Destination)).toBe('OutboxDeadLetters');
  });

  it('a sweep that fails for good is told to a queue', () => {
    const configs = ofType(template, 'AWS::Lambda::EventInvokeConfig');

    expect(configs).toHaveLength(1);
    const { Properties } = configs[0]![1];
    expect(plain(Properties.FunctionName)).toBe('SweepLambdaFunction');
    expect(plain(Properties.DestinationConfig.OnFailure.Destination)).toBe('SweepDeadLetters');
  });

  it('every rule tries again, and then keeps the event in a queue', () => {
    const targets = ofType(template, 'AWS::Events::Rule').flatMap(([id, { Properties }]) =>
      Properties.Targets.map((target: Json) => [
        id,
        plain(target.Arn),
        plain(target.DeadLetterConfig.Arn),
        target.RetryPolicy.MaximumRetryAttempts > 0,
      ]),
    );

    expect(targets).toEqual([
      ['NotificationRule', 'NotificationTopic', 'NotificationDeadLetters', true],
      ['UploadRule', 'DeployWorkflow', 'UploadDeadLetters', true],
      ['SweepSchedule', 'SweepLambdaFunction', 'SweepDeadLetters', true],
      ['TouchSchedule', 'SweepLambdaFunction', 'SweepDeadLetters', true],
      ['WeighSchedule', 'SweepLambdaFunction', 'SweepDeadLetters', true],
      ['MeterSchedule', 'SweepLambdaFunction', 'SweepDeadLetters', true],
      ['ExecutionEndedRule', 'SweepLambdaFunction', 'SweepDeadLetters', true],
      ['TaskDeathRule', 'TaskDeaths', 'NotificationDeadLetters', true],
    ]);
  });

  it('an upload below models/ starts the workflow, and only in this bucket', () => {
    const { EventPattern } = template.Resources['UploadRule']!.Properties;

    expect(EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: 'ModelBucket' }] },
        object: { key: [{ prefix: 'models/' }] },
      },
    });
  });

  it('the sweep runs every 15 minutes, and after an execution of any workflow that ended badly', () => {
    const { SweepSchedule, ExecutionEndedRule } = template.Resources;

    expect(SweepSchedule!.Properties.ScheduleExpression).toBe('rate(15 minutes)');
    expect(ExecutionEndedRule!.Properties.EventPattern.detail).toEqual({
      stateMachineArn: [
        'DeployWorkflow',
        'PromoteWorkflow',
        'RollbackWorkflow',
        'UndeployWorkflow',
      ].map((Ref) => ({
        Ref,
      })),
      status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
    });
  });

  it('once a week the sweep is told to ask for what is kept, by an event that it knows', () => {
    const { ScheduleExpression, Targets } = template.Resources['TouchSchedule']!.Properties;

    expect(ScheduleExpression).toBe('rate(7 days)');
    const event = sweepEvent.parse(JSON.parse(Targets[0].Input));
    expect(event).toEqual({ 'detail-type': 'Scheduled Event', detail: { touch: true } });
  });

  it('twice a day the sweep is told to weigh the live versions, by an event that it knows', () => {
    const { ScheduleExpression, Targets } = template.Resources['WeighSchedule']!.Properties;

    expect(ScheduleExpression).toBe('rate(12 hours)');
    const event = sweepEvent.parse(JSON.parse(Targets[0].Input));
    expect(event).toEqual({ 'detail-type': 'Scheduled Event', detail: { weigh: true } });
  });

  it('every 15 minutes the sweep is told to add up what models have cost, by an event that it knows', () => {
    const { ScheduleExpression, Targets } = template.Resources['MeterSchedule']!.Properties;

    expect(ScheduleExpression).toBe(`rate(${METERING_MS / 60_000} minutes)`);
    const event = sweepEvent.parse(JSON.parse(Targets[0].Input));
    expect(event).toEqual({ 'detail-type': 'Scheduled Event', detail: { meter: true } });
  });
});

function kebab(name: string): string {
  return name.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
}
