import { randomUUID } from 'node:crypto';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { AWS_ACCOUNT, awsClient } from './clients.ts';
import type { Moto } from './moto.ts';

/** A separate state machine. By default moto does not interpret it: its executions run until they are stopped. */
export async function stateMachine(
  moto: Pick<Moto, 'endpoint'>,
): Promise<{ readonly stateMachineArn: string }> {
  const made = await awsClient(SFNClient, moto).send(
    new CreateStateMachineCommand({
      name: `deploy-${randomUUID()}`,
      roleArn: `arn:aws:iam::${AWS_ACCOUNT}:role/workflow`,
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  return { stateMachineArn: made.stateMachineArn ?? '' };
}
