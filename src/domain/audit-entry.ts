import * as z from 'zod/mini';

/**
 * One line of the audit log: who has done what, and how it ended. It holds no secret: a key is named by its id.
 * `by` is the key's name, or `local` for the user that runs Slipway, whose `key` and `address` are null. At the door `console` it is the name of a person; `subject` is how the identity provider knows them, which never changes. `action` is an operation of the control API, also for its counterpart in S3, or `signIn` or `signOut`. `object` is what it was done to besides a model: a key of the bucket, or the name or the id of an API key. `outcome` is `done`, or the name of the failure.
 */
export const auditEntry = z.object({
  time: z.iso.datetime(),
  by: z.string(),
  key: z.nullable(z.string()),
  subject: z.optional(z.string()),
  door: z.enum(['control', 's3', 'console']),
  action: z.string(),
  model: z.nullable(z.string()),
  object: z.nullable(z.string()),
  outcome: z.string(),
  address: z.nullable(z.string()),
});

export type AuditEntry = z.infer<typeof auditEntry>;

/** Who acts, as each of the entries says. */
export type Actor = Pick<AuditEntry, 'by' | 'key' | 'subject' | 'door' | 'address'>;

export const LOCAL: Actor = { by: 'local', key: null, door: 'control', address: null };

/** The model in whose folder an object lies; null for any other object. */
export function modelOfObject(key: string): string | null {
  const [root, model, ...path] = key.split('/');
  const isInFolder = (root === 'models' || root === 'promotions') && path.length > 0;
  return isInFolder ? (model ?? null) : null;
}
