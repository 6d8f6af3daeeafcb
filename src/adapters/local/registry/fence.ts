import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';
import { transaction } from './database.ts';

/**
 * The greatest epoch of a model's lease that has made a change.
 * Platforms and router pass the fence right before each change, so a holder that lost its lease can change nothing.
 */
export type Fence = {
  /** Fails with `LeaseLost` when a greater epoch has passed, and as `transaction` does. */
  pass(model: string, epoch: number): void;
};

/** One row per model. Like the lease's epochs, it outlives the model's undeploy; all fences on one database share it. */
export function fence(database: DatabaseSync): Fence {
  database.exec(
    'CREATE TABLE IF NOT EXISTS fences (model TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT',
  );
  const seen = database.prepare('SELECT epoch FROM fences WHERE model = ?');
  const put = database.prepare('INSERT OR REPLACE INTO fences (model, epoch) VALUES (?, ?)');
  return {
    pass: (model, epoch) =>
      transaction(database, () => {
        const greatest = Number(seen.get(model)?.['epoch'] ?? epoch - 1);
        if (greatest > epoch) {
          throw new Failure(
            'LeaseLost',
            `epoch ${epoch} of ${model} has ended: ${greatest} has made changes`,
          );
        }
        if (greatest < epoch) put.run(model, epoch);
      }),
  };
}
