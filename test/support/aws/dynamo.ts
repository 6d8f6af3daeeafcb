import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  DynamoDBClient,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { awsClient } from './clients.ts';
import type { Moto } from './moto.ts';
import { REGISTRY_TABLE } from './registry-table.ts';
import { type AnyClient, type AwsRules, addMiddleware } from './rules/rules.ts';

type ClientSetup = {
  readonly maxAttempts: number;
  /** Adds a layer between a client and AWS's rules. */
  readonly outer?: (client: AnyClient) => void;
};

export type DynamoWorld = {
  readonly table: string;
  client(rules?: AwsRules, setup?: ClientSetup): DynamoDBClient;
};

/** A separate table, which exists before the first call of any of its clients. */
export function dynamoWorld(moto: Pick<Moto, 'endpoint'>): DynamoWorld {
  const table = `registry-${randomUUID()}`;
  const made = awsClient(DynamoDBClient, moto).send(
    new CreateTableCommand({
      TableName: table,
      ...REGISTRY_TABLE,
    }),
  );
  return {
    table,
    client(rules, setup) {
      const client = awsClient(DynamoDBClient, moto, undefined, setup);
      setup?.outer?.(client);
      rules?.guard(client);
      addMiddleware(client, (next) => async (args) => {
        await made;
        return next(args);
      });
      return client;
    },
  };
}

/** Calls back for each new row of the outbox, as the filter of the table's stream lets it through. */
export function onOutbox(client: DynamoDBClient, onEvents: () => void): DynamoDBClient {
  addMiddleware(client, (next, { commandName }) => async (args) => {
    const answer = await next(args);
    if (commandName === 'TransactWriteItemsCommand') {
      const { TransactItems = [] } = args.input as TransactWriteItemsCommandInput;
      if (TransactItems.some(({ Put }) => Put?.Item?.['pk']?.S === 'OUTBOX')) onEvents();
    }
    return answer;
  });
  return client;
}
