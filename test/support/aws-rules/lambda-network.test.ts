import { lambdaNetwork, NETWORK_ACTIONS } from '../aws/rules/lambda-network.ts';
import { ruled } from './ruled.ts';

const ACTIONS = NETWORK_ACTIONS.map((action) => `ec2:${action}`);
const ALL = { Effect: 'Allow', Action: ACTIONS, Resource: '*' } as const;
const IN_NETWORK = { VpcConfig: { SubnetIds: ['subnet-1'] } };

describe.each(['CreateFunction', 'UpdateFunctionConfiguration'])('%s', (command) => {
  const outcome = (statements: readonly object[], input: object = IN_NETWORK) =>
    ruled([lambdaNetwork(statements as never)], `Lambda.${command}`, input);

  it('asks nothing of the role of a function without a network', async () => {
    expect(await outcome([], {})).toBeUndefined();
    expect(await outcome([], { VpcConfig: { SubnetIds: [] } })).toBeUndefined();
  });

  it.each(['*', 'arn:aws:ec2:us-east-1:1:*/*', 'arn:aws-us-gov:ec2:us-gov-west-1:1:*/*'])(
    'takes a role that may do all of it on %s',
    async (Resource) => {
      expect(await outcome([{ ...ALL, Resource }])).toBeUndefined();
    },
  );

  it('takes what several statements allow together', async () => {
    const statements = ACTIONS.map((Action) => ({ ...ALL, Action }));

    expect(await outcome(statements)).toBeUndefined();
    for (const missing of ACTIONS) {
      expect(await outcome(statements.filter(({ Action }) => Action !== missing))).toBe(
        'InvalidParameterValueException',
      );
    }
  });

  it.each([
    { Resource: 'arn:aws:ec2:us-east-1:1:network-interface/*' },
    { Resource: 'arn:aws:ec2:us-east-1:1:*/*/more' },
    { Resource: 'arn:aws:s3:us-east-1:1:*/*' },
    { Effect: 'Deny' },
    { Condition: { StringEquals: {} } },
  ])('refuses a role whose statement says %j', async (other) => {
    expect(await outcome([{ ...ALL, ...other }])).toBe('InvalidParameterValueException');
  });
});
