import * as z from 'zod/mini';
import { RETRYABLE } from '#domain/failure.ts';
import type { Frozen } from './operation.ts';
import { count, oneOf } from './values.ts';

export const storage = z.object({ objects: count, objectBytes: count, prunableBytes: count });

/** The bytes of all objects of a data folder, and of those that a prune would remove. */
export type Storage = Frozen<z.output<typeof storage>>;

const bad = z
  .object({
    name: z.string().check(z.describe('Its path in the data folder.')),
    models: z.array(z.string()).check(z.describe('Those with a version that needs it.')),
    reason: z.string(),
    fix: z.string(),
  })
  .check(
    z.meta({
      id: 'Bad',
      description: 'Something that does not have the bytes that it should have.',
    }),
  );

/** Something that does not have the bytes that it should have. */
export type Bad = Frozen<z.output<typeof bad>>;

const scrubbed = z.object({
  checked: count,
  bytes: count,
  bad: z.array(bad),
  mended: z.array(z.string()).check(z.describe('What was taken again from the bucket.')),
});

/** What a scrub has read, and what does not have its bytes; `mended` did not have them, and was taken again from the bucket. */
export type Scrubbed = Frozen<z.output<typeof scrubbed>>;

const pruned = z.object({
  isDryRun: z.boolean(),
  objects: count,
  bytes: count,
  keptObjects: count,
  keptBytes: count,
});

/** What nothing needed, and what stays; in a dry run nothing was removed. */
export type Pruned = Frozen<z.output<typeof pruned>>;

const backedUp = z.object({
  to: z.string(),
  objects: count,
  copied: count.check(z.describe('How many of them are new there.')),
  copiedBytes: count,
  bad: z.array(bad),
});

/** What a backup has, and what of it is new; `bad` could not be copied. */
export type BackedUp = Frozen<z.output<typeof backedUp>>;

const failed = z.object({
  failure: z.object({
    name: oneOf(Object.keys(RETRYABLE)),
    message: z.string(),
    fix: z.string(),
  }),
});

/** A job's lines: how far it is, and in the end what it came to, or why it failed. */
function jobLine<Result extends z.ZodMiniType>(result: Result) {
  return z.union([z.object({ progress: z.string() }), z.object({ result }), failed]);
}

export const scrubLine = jobLine(scrubbed);
export const pruneLine = jobLine(pruned);
export const backupLine = jobLine(backedUp);
