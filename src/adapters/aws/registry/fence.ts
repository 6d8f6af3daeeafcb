import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';

/**
 * The greatest epoch of a model's lease that has made a change.
 * Platforms and router pass the fence right before each change, so a holder that lost its lease long ago can change nothing.
 */
export type AwsFence = {
  /** Fails with `LeaseLost` when a greater epoch has passed. */
  pass(model: string, epoch: number): Promise<void>;
};

export type FenceOptions = { readonly client: DynamoDBClient; readonly table: string };

/** One item per model, in the registry's table. */
export function dynamoFence({ client, table }: FenceOptions): AwsFence {
  return {
    async pass(model, epoch) {
      const update = new UpdateItemCommand({
        TableName: table,
        Key: { pk: { S: `FENCE#${model}` }, sk: { S: '-' } },
        UpdateExpression: 'SET epoch = :epoch',
        ConditionExpression: 'attribute_not_exists(epoch) OR epoch <= :epoch',
        ExpressionAttributeValues: { ':epoch': { N: String(epoch) } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      await translated(() => client.send(update).catch((error) => refuse(error, model, epoch)));
    },
  };
}

function refuse(error: unknown, model: string, epoch: number): never {
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
  const seen = error.Item?.['epoch']?.N ?? 'a greater one';
  throw new Failure('LeaseLost', `epoch ${epoch} of ${model} is over: ${seen} has made changes`, {
    cause: error,
  });
}
