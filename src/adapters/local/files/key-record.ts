import * as z from 'zod/mini';
import { ROLES } from '#domain/key-role.ts';

/** The record of a key as one machine keeps it. Earlier versions knew no limits. */
export const keyRecord = z.object({
  id: z.string(),
  name: z.string(),
  models: z.union([z.literal('all'), z.array(z.string())]),
  createdAtMs: z.number(),
  expiresAtMs: z.optional(z.number()),
  rate: z.optional(
    z.object({ requests: z.number(), everySeconds: z.union([z.literal(1), z.literal(60)]) }),
  ),
  roles: z.optional(z.array(z.enum(ROLES))),
});
