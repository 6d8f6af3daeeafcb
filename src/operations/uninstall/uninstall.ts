import type { AwsAccount } from '#operations/account/clients.ts';
import { removalsOfCaptureKeys } from './capture-keys.ts';
import { accountContainers } from './containers.ts';
import { emptying, refuseProtected, removalOfBucket, removalOfTable } from './data.ts';
import { earlierBuckets } from './earlier.ts';
import { type Foreign, findForeign } from './foreign.ts';
import { removalOfImages } from './images.ts';
import { removalOfInterfaces } from './interfaces.ts';
import { removalsOfKeys } from './keys.ts';
import { removalsOfModels } from './models.ts';
import { findParts, type Parts } from './parts.ts';
import { removalsOfRemains } from './remains.ts';
import type { Removal } from './removal.ts';
import { removalOfStack, stopping } from './stack.ts';

export type Uninstall = {
  readonly what: string;
  readonly retained: readonly string[];
  /** Other people's resources within the removed ones. */
  readonly foreign: readonly Foreign[];
  /** The stages in order: each needs everything in the stage before it to be gone. */
  readonly stages: readonly (readonly Removal[])[];
};

export type Wish = { readonly deleteBucket: boolean; readonly deleteTable: boolean };

/**
 * Plans the removal of Slipway from an account, in any state, without changing anything: each model's resources by the registry or the tags, the keys, leftover containers, the stack, and, if requested, everything that the stack leaves behind.
 * Fails with `InputInvalid` when there never was a stack, and for a protected table that is to be deleted.
 */
export async function planUninstall(account: AwsAccount, wish: Wish): Promise<Uninstall> {
  const parts = await findParts(account);
  const { name, status, isThere, isComplete, outputs } = parts;
  if (wish.deleteTable && outputs.Table) await refuseProtected(account, outputs.Table);
  const containers = accountContainers(account, parts);
  const models = await removalsOfModels(account, parts, containers);
  const keys = [
    ...(await removalsOfKeys(account, parts)),
    ...(await removalsOfCaptureKeys(account)),
  ];
  const repositories = [outputs.Repository, outputs.Environments].filter(Boolean);
  const data = { ...outputs, earlier: await earlierBuckets(account, parts) };
  const ifThere = (removals: readonly Removal[]) => (isThere ? [removals] : []);
  return {
    what: `${name} (${status})${isComplete ? '' : ', whose creation never completed'}`,
    retained: retained(data, wish),
    foreign: await findForeign(account, parts, wish),
    stages: [
      ...ifThere([stopping(account, parts)]),
      [...models, ...keys],
      removalsOfRemains(account, parts, containers),
      ...ifThere([removalOfInterfaces(account, parts)]),
      ...ifThere([
        emptying(account, parts),
        ...repositories.map((repository) => removalOfImages(account, repository)),
      ]),
      ...ifThere([removalOfStack(account, parts)]),
      removalsOfData(account, data, wish),
    ],
  };
}

/** The parts that the stack's deletion leaves behind; empty where the stack never made them. */
type Data = Pick<Parts['outputs'], 'Bucket' | 'LogBucket' | 'Table'> & {
  /** Buckets that earlier stacks of the stage have left behind. */
  readonly earlier: readonly string[];
};

function removalsOfData(
  account: AwsAccount,
  { Bucket, LogBucket, Table, earlier }: Data,
  { deleteBucket, deleteTable }: Wish,
): readonly Removal[] {
  return [
    ...(deleteBucket && Bucket
      ? [removalOfBucket(account, Bucket, 'all versions of all models')]
      : []),
    ...(deleteBucket && LogBucket ? [removalOfBucket(account, LogBucket, 'the access logs')] : []),
    ...(deleteBucket
      ? earlier.map((name) => removalOfBucket(account, name, 'what an earlier stack has left'))
      : []),
    ...(deleteTable && Table ? [removalOfTable(account, Table)] : []),
  ];
}

function retained({ Bucket, LogBucket, Table, earlier }: Data, wish: Wish): readonly string[] {
  const { deleteBucket, deleteTable } = wish;
  return [
    ...(Bucket && !deleteBucket ? [`the bucket ${Bucket} with its models (--delete-bucket)`] : []),
    ...(LogBucket && !deleteBucket
      ? [`the bucket ${LogBucket} with the access logs (--delete-bucket)`]
      : []),
    ...(deleteBucket
      ? []
      : earlier.map((name) => `the bucket ${name} of an earlier stack (--delete-bucket)`)),
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
