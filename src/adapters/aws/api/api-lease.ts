import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { translated } from '#adapters/aws/failures.ts';
import { lookUntil, type Waiting } from '#adapters/aws/waiting.ts';
import { Failure } from '#domain/failure.ts';

/** Lets one caller at a time change and deploy an API, since a deployment is a snapshot of the whole API. */
export type ApiLease = {
  /**
   * Runs `work` exclusively. `deployed` says whether it deployed the API: if so, the next caller waits until 5 s later.
   * Fails with `PlatformThrottled` when others hold the API for 30 s.
   */
  during(work: () => Promise<{ readonly deployed: boolean }>): Promise<void>;
};

export type ApiLeaseOptions = Waiting & {
  readonly dynamo: DynamoDBClient;
  readonly table: string;
  readonly api: string;
};

// One CreateDeployment per 5 s and account.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html#api-gateway-control-service-limits-table
const GAP_MS = 5_000;

// Many times as long as creating a route takes.
const LEASE_MS = 30_000;
const LONGEST_WAIT_MS = 30_000;
const RETRY_MS = 500;

/** The lease is an item of the table: its holder, and when it expires. */
export function apiLease(options: ApiLeaseOptions): ApiLease {
  const { clock, sleep, api } = options;

  async function take(owner: string): Promise<void> {
    const isTaken = await lookUntil(
      (isOurs) => isOurs,
      () => write(options, owner, clock.now() + LEASE_MS),
      { clock, sleep, waitMs: LONGEST_WAIT_MS, periodMs: RETRY_MS },
    );
    if (isTaken) return;
    const reason = `others were deploying the API ${api} for ${LONGEST_WAIT_MS / 1000} s`;
    throw new Failure('PlatformThrottled', reason);
  }

  return {
    async during(work) {
      const owner = randomUUID();
      const free = (afterMs: number) => write(options, owner, clock.now() + afterMs, 'nobody');
      await take(owner);
      const { deployed } = await work().catch(async (error: unknown) => {
        // It may have deployed all the same. If freeing it fails, the lease expires.
        await free(GAP_MS).catch(() => undefined);
        throw error;
      });
      await free(deployed ? GAP_MS : 0);
    },
  };
}

/** False when somebody else holds the lease. A lease past its end may be taken by anyone. */
async function write(
  { dynamo, table, api, clock }: ApiLeaseOptions,
  owner: string,
  untilMs: number,
  nextOwner = owner,
): Promise<boolean> {
  const command = new UpdateItemCommand({
    TableName: table,
    Key: { pk: { S: 'API' }, sk: { S: api } },
    UpdateExpression: 'SET #owner = :next, heldUntilMs = :until',
    ConditionExpression: 'attribute_not_exists(pk) OR #owner = :owner OR heldUntilMs <= :now',
    ExpressionAttributeNames: { '#owner': 'owner' },
    ExpressionAttributeValues: {
      ':owner': { S: owner },
      ':next': { S: nextOwner },
      ':now': { N: String(clock.now()) },
      ':until': { N: String(untilMs) },
    },
  });
  return translated(() => dynamo.send(command).then(() => true, falseIfHeld));
}

function falseIfHeld(error: unknown): false {
  if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
  throw error;
}
