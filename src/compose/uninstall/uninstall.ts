import type { AwsAccount } from '#compose/account/clients.ts';
import { findStackOrRemains, type UnfinishedStack } from '#compose/account/stack.ts';
import { accountContainers } from './containers.ts';
import { emptying, removalOfBucket, removalOfTable, stackResources } from './data.ts';
import { removalOfImages } from './images.ts';
import { removalOfInterfaces } from './interfaces.ts';
import { removalsOfKeys } from './keys.ts';
import { removalsOfModels } from './models.ts';
import { removalsOfRemains } from './remains.ts';
import type { Removal } from './removal.ts';
import { removalOfStack, stopping } from './stack.ts';

export type Uninstall = {
  readonly what: string;
  readonly retained: readonly string[];
  /** In order: each stage needs everything in the stage before it to be gone. */
  readonly stages: readonly (readonly Removal[])[];
};

export type Wish = { readonly deleteBucket: boolean; readonly deleteTable: boolean };

/**
 * Plans the removal of Slipway from an account, without changing anything: what the registry names for each model, the keys, leftover containers, the stack, and, if wished, what the stack leaves behind.
 * For a deleted stack only the last; for one whose creation never completed, which has served no model, no models. Fails with `InputInvalid` when there never was a stack.
 */
export async function planUninstall(account: AwsAccount, wish: Wish): Promise<Uninstall> {
  const stack = await findStackOrRemains(account);
  if (stack.outputs === null) return planOfUnfinished(account, stack, wish);
  const isThere = stack.status !== 'DELETE_COMPLETE';
  const containers = accountContainers(account, stack);
  const data = removalsOfData(account, stack.outputs, wish);
  return {
    what: `${stack.name} (${stack.status})`,
    retained: retained(stack.outputs, wish),
    stages: isThere
      ? [
          [stopping(account, stack)],
          [
            ...(await removalsOfModels(account, stack, containers)),
            ...(await removalsOfKeys(account, stack)),
          ],
          removalsOfRemains(account, stack, containers),
          [removalOfInterfaces(account, stack)],
          [
            await emptying(account, stack),
            removalOfImages(account, stack.outputs.Repository),
            removalOfImages(account, stack.outputs.Environments),
          ],
          [removalOfStack(account, stack)],
          data,
        ]
      : [data],
  };
}

/** The parts that the stack's deletion leaves behind; undefined where the stack was never made. */
type Data = { readonly [Name in 'Bucket' | 'LogBucket' | 'Table']?: string | undefined };

/** Only CloudFormation knows what it had made before it failed. */
async function planOfUnfinished(
  account: AwsAccount,
  stack: UnfinishedStack,
  wish: Wish,
): Promise<Uninstall> {
  const made = await stackResources(account, stack.id);
  const kept = {
    Bucket: made.get('ModelBucket'),
    LogBucket: made.get('LogBucket'),
    Table: made.get('Registry'),
  };
  const data = removalsOfData(account, kept, wish);
  const isThere = stack.status !== 'DELETE_COMPLETE';
  return {
    what: `${stack.name} (${stack.status}), whose creation never completed`,
    retained: retained(kept, wish),
    stages: isThere
      ? [
          [stopping(account, { ...stack, outputs: {} })],
          [await emptying(account, stack)],
          [removalOfStack(account, stack)],
          data,
        ]
      : [data],
  };
}

function removalsOfData(
  account: AwsAccount,
  { Bucket, LogBucket, Table }: Data,
  { deleteBucket, deleteTable }: Wish,
): readonly Removal[] {
  return [
    ...(deleteBucket && Bucket
      ? [removalOfBucket(account, Bucket, 'all versions of all models')]
      : []),
    ...(deleteBucket && LogBucket ? [removalOfBucket(account, LogBucket, 'the access logs')] : []),
    ...(deleteTable && Table ? [removalOfTable(account, Table)] : []),
  ];
}

function retained({ Bucket, LogBucket, Table }: Data, wish: Wish): readonly string[] {
  const { deleteBucket, deleteTable } = wish;
  return [
    ...(Bucket && !deleteBucket ? [`the bucket ${Bucket} with its models (--delete-bucket)`] : []),
    ...(LogBucket && !deleteBucket
      ? [`the bucket ${LogBucket} with the access logs (--delete-bucket)`]
      : []),
    ...(Table && !deleteTable ? [`the table ${Table} with the registry (--delete-table)`] : []),
  ];
}

/** The outcome of one removal; `reason` is empty when it succeeded. */
export type Outcome = { readonly what: string; readonly reason: string };

/** Removes stage by stage. Within a stage a failure does not stop the rest; after a stage with a failure the later ones are skipped. */
export async function* uninstall({ stages }: Uninstall): AsyncGenerator<Outcome, void> {
  let isBlocked = false;
  for (const removals of stages) {
    const blocked = isBlocked;
    for (const { what, remove } of removals) {
      const reason = blocked ? 'something before it could not be removed' : await attempt(remove);
      if (reason) isBlocked = true;
      yield { what, reason };
    }
  }
}

async function attempt(remove: () => Promise<void>): Promise<string> {
  try {
    await remove();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error);
  }
}
