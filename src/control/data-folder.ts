import * as z from 'zod/mini';
import { RETRYABLE } from '#domain/failure.ts';
import type { Frozen } from './operation.ts';
import { count, oneOf } from './values.ts';

export const storage = z.object({ objects: count, objectBytes: count, prunableBytes: count });

/** The bytes of all objects in a data folder, and of those that a prune would remove. */
export type Storage = Frozen<z.output<typeof storage>>;

const bad = z
  .object({
    name: z.string().check(z.describe('Its path in the data folder.')),
    models: z.array(z.string()).check(z.describe('The models with a version that needs it.')),
    reason: z.string(),
    fix: z.string(),
  })
  .check(
    z.meta({
      id: 'Bad',
      description: 'Something that does not have the bytes that it should have.',
    }),
  );

/** An object whose bytes are not those that it should have. */
export type Bad = Frozen<z.output<typeof bad>>;

const scrubbed = z.object({
  checked: count,
  bytes: count,
  bad: z.array(bad),
  mended: z
    .array(z.string())
    .check(z.describe('The objects that were taken again from the bucket.')),
});

/** The objects that a scrub has read, and those with wrong bytes; `mended` had wrong bytes, and were fetched again from the bucket. */
export type Scrubbed = Frozen<z.output<typeof scrubbed>>;

const pruned = z.object({
  isDryRun: z.boolean(),
  objects: count,
  bytes: count,
  keptObjects: count,
  keptBytes: count,
});

/** The objects that nothing needed, and those that stay; in a dry run nothing was removed. */
export type Pruned = Frozen<z.output<typeof pruned>>;

const backedUp = z.object({
  to: z.string(),
  objects: count,
  copied: count.check(z.describe('How many of them were copied.')),
  copiedBytes: count,
  bad: z.array(bad),
  mended: z
    .array(z.string())
    .check(z.describe('The objects that were corrupted in the backup, and were copied again.')),
});

/** The content of a backup, and the part of it that is new; `bad` could not be copied. */
export type BackedUp = Frozen<z.output<typeof backedUp>>;

const failed = z.object({
  failure: z.object({
    name: oneOf(Object.keys(RETRYABLE)),
    message: z.string(),
    fix: z.string(),
  }),
});

/** A job's lines: its progress, and at the end its result, or the reason why it failed. */
function jobLine<Result extends z.ZodMiniType>(result: Result) {
  return z.union([z.object({ progress: z.string() }), z.object({ result }), failed]);
}

export const scrubLine = jobLine(scrubbed);
export const pruneLine = jobLine(pruned);
export const backupLine = jobLine(backedUp);
