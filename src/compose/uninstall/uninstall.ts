import type { AwsAccount } from '#compose/account/clients.ts';
import { findStackOrRemains, type SlipwayStack } from '#compose/account/stack.ts';
import { accountContainers } from './containers.ts';
import { emptying, removalOfBucket, removalOfTable } from './data.ts';
import { removalOfImages } from './images.ts';
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
 * For a deleted stack only the last. Fails with `InputInvalid` when there never was a stack.
 */
export async function planUninstall(account: AwsAccount, wish: Wish): Promise<Uninstall> {
  const stack = await findStackOrRemains(account);
  const { Bucket, LogBucket, Table } = stack.outputs;
  const isThere = stack.status !== 'DELETE_COMPLETE';
  const containers = accountContainers(account, stack);
  const data = [
    ...(wish.deleteBucket
      ? [
          removalOfBucket(account, Bucket, 'all versions of all models'),
          removalOfBucket(account, LogBucket, 'the access logs'),
        ]
      : []),
    ...(wish.deleteTable ? [removalOfTable(account, Table)] : []),
  ];
  return {
    what: `${stack.name} (${stack.status})`,
    retained: retained(stack, wish),
    stages: isThere
      ? [
          [stopping(account, stack)],
          [
            ...(await removalsOfModels(account, stack, containers)),
            ...(await removalsOfKeys(account, stack)),
          ],
          removalsOfRemains(account, stack, containers),
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

function retained({ outputs }: SlipwayStack, wish: Wish): readonly string[] {
  const { Bucket, LogBucket, Table } = outputs;
  const buckets = [
    `the bucket ${Bucket} with its models (--delete-bucket)`,
    `the bucket ${LogBucket} with the access logs (--delete-bucket)`,
  ];
  const table = `the table ${Table} with the registry (--delete-table)`;
  return [...(wish.deleteBucket ? [] : buckets), ...(wish.deleteTable ? [] : [table])];
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
