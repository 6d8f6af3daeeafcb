import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Json, list, ofType, plain, readTemplate, statementsOf } from './template.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = await readFile(join(ROOT, 'statemachines/deploy.asl.json'), 'utf8');
const template = await readTemplate();
const machine = template.Resources['DeployWorkflow']!.Properties;
const definition: Json = JSON.parse(machine.DefinitionString);

describe('the state machine of the packaged template', () => {
  it('is the workflow that one machine runs, to the letter', () => {
    expect(definition).toEqual(JSON.parse(text));
  });

  it('has every substitution that the workflow asks for, and no other', () => {
    const asked = Array.from(text.matchAll(/\$\{(\w+)\}/g), ([, name]) => name);

    const given = Object.keys(machine.DefinitionSubstitutions);
    expect(given.toSorted()).toEqual([...new Set(asked)].toSorted());
  });

  it('runs each step in the function of its name', () => {
    const { ImageProject, ...functions } = machine.DefinitionSubstitutions;

    for (const [name, value] of Object.entries(functions)) {
      expect(plain(value)).toBe(name.replace(/Function$/, 'LambdaFunction'));
    }
    expect(plain(ImageProject)).toBe('ImageProject');
  });

  it('may invoke those functions and no other', () => {
    const invocations = statementsOf(template.Resources['DeployWorkflowRole']!).filter(
      ({ Action }) => list(Action).includes('lambda:InvokeFunction'),
    );
    const { ImageProject: _, ...functions } = machine.DefinitionSubstitutions;

    expect(invocations).toHaveLength(1);
    expect(invocations[0]!.Resource).toEqual(Object.values(functions));
  });

  it('gives a build the time that its project may take, in the queue and after it', () => {
    const { TimeoutInMinutes, QueuedTimeoutInMinutes } =
      template.Resources['ImageProject']!.Properties;
    const { TimeoutSeconds } = definition.States.BuildImage;

    expect((TimeoutInMinutes + QueuedTimeoutInMinutes) * 60).toBeLessThan(TimeoutSeconds);
  });

  it('logs what fails', () => {
    const [destination] = machine.LoggingConfiguration.Destinations;

    expect(machine.LoggingConfiguration.Level).toBe('ERROR');
    expect(plain(destination.CloudWatchLogsLogGroup.LogGroupArn)).toBe('DeployWorkflowLogGroup');
  });
});

describe('logs', () => {
  const groups = ofType(template, 'AWS::Logs::LogGroup');

  it('are kept for 30 days', () => {
    const kept = groups.map(([, { Properties }]) => Properties.RetentionInDays);

    expect(kept).toEqual(groups.map(() => 30));
  });

  it('have a group of the template for every function, the machine, builds and models', () => {
    const names = groups.map(([, { Properties }]) => Properties.LogGroupName);
    const functions = ofType(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]: Json) => `/aws/lambda/${Properties.FunctionName}`,
    );

    expect(names.toSorted()).toEqual(
      [
        ...functions,
        '/aws/vendedlogs/states/slipway-test-deploy',
        '/slipway/test/builds',
        '/slipway/test/models',
      ].toSorted(),
    );
  });
});
