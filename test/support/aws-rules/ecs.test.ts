import { ecsRules } from '../aws/rules/ecs.ts';
import { ruled } from './ruled.ts';

const ROLE = 'arn:aws:iam::1:role/execution';
const TASK = {
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '256',
  memory: '512',
  executionRoleArn: ROLE,
  containerDefinitions: [{ name: 'model' }],
};
const GPU = { type: 'GPU', value: '1' };
const OTHER = { type: 'InferenceAccelerator', value: 'a' };
const needing = (...resourceRequirements: readonly object[]) => ({
  containerDefinitions: [{ name: 'log' }, { name: 'model', resourceRequirements }],
});

describe('a task definition', () => {
  const register = (over: object) =>
    ruled(ecsRules([ROLE]), 'ECS.RegisterTaskDefinition', { ...TASK, ...over });

  it.each([
    ['as it should be', {}],
    ['with other sizes', { cpu: '1024', memory: '8192' }],
    ['that needs something else than a GPU', needing(OTHER)],
    ['of no containers', { containerDefinitions: undefined }],
  ])('%s is taken', async (_, over) => {
    expect(await register(over)).toBeUndefined();
  });

  it.each([
    ['of memory that its CPU does not have', { memory: '513' }],
    ['of CPU that there is not', { cpu: '255' }],
    ['with a GPU', needing(GPU)],
    ['with a GPU among others', needing(OTHER, GPU)],
    ['in another network', { networkMode: 'bridge' }],
  ])('%s is refused on Fargate, and no host of ours', async (_, over) => {
    expect(await register(over)).toBe('ClientException');
    expect(await register({ ...over, requiresCompatibilities: ['EC2'] })).toBeUndefined();
    expect(await register({ ...over, requiresCompatibilities: undefined })).toBeUndefined();
  });

  it.each([undefined, `${ROLE}/other`])(
    'with the role %s, which nobody may pass, is refused',
    async (executionRoleArn) => {
      expect(await register({ executionRoleArn })).toBe('AccessDeniedException');
    },
  );
});

describe('the families of definitions', () => {
  const DEFINITIONS: Readonly<Record<string, readonly string[]>> = {
    new: ['ACTIVE'],
    changed: ['ACTIVE', 'INACTIVE'],
    left: ['INACTIVE'],
    gone: [],
  };
  const list = (families: readonly string[] | undefined, input: object = {}) =>
    ruled(ecsRules([]), 'ECS.ListTaskDefinitionFamilies', input, {
      output: { families, nextToken: 'more' },
      answers: {
        ListTaskDefinitions: ({ familyPrefix, status }: Record<string, string>) =>
          DEFINITIONS[familyPrefix!]!.includes(status!) ? { taskDefinitionArns: ['arn'] } : {},
      },
    });
  const ALL = Object.keys(DEFINITIONS);

  it.each([
    [{}, ['new', 'changed']],
    [{ status: 'ACTIVE' }, ['new', 'changed']],
    [{ status: 'INACTIVE' }, ['left']],
  ])('are listed for %j where they have such definitions', async (input, families) => {
    expect(await list(ALL, input)).toEqual({ families, nextToken: 'more' });
    expect(await list(families, input)).toBeUndefined();
  });

  it('may be none', async () => {
    expect(await list(undefined)).toBeUndefined();
  });
});
