import { Readable } from 'node:stream';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { lambdaNetwork } from '../support/aws/rules/lambda-network.ts';
import { awsRules } from '../support/aws/rules/rules.ts';
import { readTemplate, type Statement, statementsOf } from './template.ts';

const { ModelRole } = (await readTemplate()).Resources;
const OWN = statementsOf(ModelRole!);

const CREATED = { statusCode: 201, headers: {}, body: Readable.from('{"State":"Pending"}') };

const created = (statements: readonly Statement[]) => {
  const lambda = new LambdaClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    requestHandler: { handle: async () => ({ response: CREATED }) } as never,
  });
  const guarded = awsRules([lambdaNetwork(statements)]).guard(lambda);
  return guarded.send(
    new CreateFunctionCommand({
      FunctionName: 'slipway-test-m-digits',
      Role: 'arn:aws:iam::123456789012:role/model',
      Code: { ImageUri: 'image' },
      VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
    }),
  );
};

describe('the role of model functions', () => {
  it('is one with which Lambda puts a function into the network', async () => {
    await expect(created(OWN)).resolves.toMatchObject({ State: 'Pending' });
  });

  it('would be refused if it named interfaces alone', async () => {
    const scoped = OWN.map((statement) =>
      JSON.stringify(statement.Resource).includes('*/*')
        ? { ...statement, Resource: 'arn:aws:ec2:us-east-1:123456789012:network-interface/*' }
        : statement,
    );

    await expect(created(scoped)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('permissions to call CreateNetworkInterface on EC2'),
    });
  });
});
