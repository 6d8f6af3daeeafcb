import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Json, list, ofType, plain, readTemplate, statementsOf } from './template.ts';

const ROOT = join(import.meta.dirname, '../..');
const template = await readTemplate();
const machines = await Promise.all(['deploy', 'promote', 'rollback', 'undeploy'].map(read));

async function read(name: string) {
  const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}Workflow`;
  const text = await readFile(join(ROOT, `statemachines/${name}.asl.json`), 'utf8');
  const machine = template.Resources[id]!.Properties;
  return { name, id, text, machine, definition: JSON.parse(machine.DefinitionString) as Json };
}

describe.each(machines)('the state machine $name of the packaged template', (packaged) => {
  const { name, id, text, machine, definition } = packaged;

  it('is the workflow that one machine runs, to the letter but for the partition, and for an inspection that waits there for its turn', () => {
    const here: Json = JSON.parse(text.replaceAll('arn:aws:', `arn:\${Partition}:`));
    const inspect = here.States.InspectArtifact;
    if (inspect) inspect.TimeoutSeconds = 300;

    expect(definition).toEqual(here);
    expect(machine.StateMachineName).toBe(`slipway-test-${name}`);
  });

  it('has every substitution that the workflow asks for, and no other', () => {
    const asked = Array.from(text.matchAll(/\$\{(\w+)\}/g), ([, each]) => each);

    const given = Object.keys(machine.DefinitionSubstitutions);
    expect(given.toSorted()).toEqual([...new Set([...asked, 'Partition'])].toSorted());
    expect(machine.DefinitionSubstitutions.Partition).toEqual({ Ref: 'AWS::Partition' });
  });

  it('runs each step in the function of its name, and may invoke those functions and no other', () => {
    const {
      ImageProject: _,
      EnvironmentProject: __,
      OwnImageProject: ___,
      Partition: ____,
      ...functions
    } = machine.DefinitionSubstitutions;
    const invocations = statementsOf(template.Resources[`${id}Role`]!).filter(({ Action }) =>
      list(Action).includes('lambda:InvokeFunction'),
    );

    for (const [each, value] of Object.entries(functions)) {
      expect(plain(value)).toBe(each.replace(/Function$/, 'LambdaFunction'));
    }
    expect(invocations).toHaveLength(1);
    expect(invocations[0]!.Resource).toEqual(Object.values(functions));
  });

  it('is a workflow that may take days, under its own role, which AWS takes for this account alone', () => {
    const { Properties } = template.Resources[`${id}Role`]!;

    expect(template.Resources[id]!.Type).toBe('AWS::StepFunctions::StateMachine');
    expect(machine.StateMachineType).toBe('STANDARD');
    expect(plain(machine.RoleArn)).toBe(`${id}Role`);
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
    const [own, ...others] = Properties.Policies;
    expect(own.PolicyName).toBe(name);
    expect(others.map((policy: Json) => policy['Fn::If'][0])).toEqual(
      name === 'deploy' ? ['BuildsDockerfiles'] : [],
    );
  });

  it('logs what fails, and not what it was told: that has the signed address of an artifact', () => {
    const [destination] = machine.LoggingConfiguration.Destinations;

    expect(machine.LoggingConfiguration.Level).toBe('ERROR');
    expect(machine.LoggingConfiguration.IncludeExecutionData).toBe(false);
    expect(machine.TracingConfiguration).toEqual({ Enabled: true });
    expect(plain(destination.CloudWatchLogsLogGroup.LogGroupArn)).toBe(`${id}LogGroup`);
  });
});

describe('the template', () => {
  it('names no partition of AWS itself', () => {
    expect(JSON.stringify(template).match(/arn:aws[\w-]*:[^"]*/g)).toBeNull();
  });
});

describe('builds', () => {
  it('are started by deployments alone, in the projects of this stack', () => {
    const builders = machines.filter(({ id }) =>
      JSON.stringify(template.Resources[`${id}Role`]).includes('codebuild:StartBuild'),
    );

    expect(builders.map(({ name }) => name)).toEqual(['deploy']);
    const { ImageProject, EnvironmentProject, OwnImageProject } =
      builders[0]!.machine.DefinitionSubstitutions;
    // A build is started by its project's name, which Ref returns.
    expect([ImageProject, EnvironmentProject, OwnImageProject]).toEqual([
      { Ref: 'ImageProject' },
      { Ref: 'EnvironmentProject' },
      { 'Fn::If': ['BuildsDockerfiles', { Ref: 'OwnImageProject' }, 'none'] },
    ]);
  });

  it.each([
    ['ImageProject', 'BuildImage'],
    ['OwnImageProject', 'BuildOwnImage'],
    ['EnvironmentProject', 'BuildEnvironment'],
  ])('have the time that their project may take, in the queue and after it: %s', (id, state) => {
    const { TimeoutInMinutes, QueuedTimeoutInMinutes } = template.Resources[id]!.Properties;
    const { TimeoutSeconds } = machines[0]!.definition.States[state];

    expect((TimeoutInMinutes + QueuedTimeoutInMinutes) * 60).toBeLessThan(TimeoutSeconds);
  });
});

describe('logs', () => {
  const groups = ofType(template, 'AWS::Logs::LogGroup');

  it('are kept for 30 days', () => {
    const kept = groups.map(([, { Properties }]) => Properties.RetentionInDays);

    expect(kept).toEqual(groups.map(() => 30));
  });

  it('have a group of the template for every function and machine, builds and models', () => {
    const names = groups.map(([, { Properties }]) => Properties.LogGroupName);
    const functions = ofType(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]: Json) => `/aws/lambda/${Properties.FunctionName}`,
    );

    expect(names.toSorted()).toEqual(
      [
        ...functions,
        ...machines.map(({ name }) => `/aws/vendedlogs/states/slipway-test-${name}`),
        '/slipway/test/builds',
        '/slipway/test/models',
      ].toSorted(),
    );
  });
});
