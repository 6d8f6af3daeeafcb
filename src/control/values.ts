import * as z from 'zod/mini';
import { NEXT_PHASES } from '#domain/phase.ts';
import { TARGETS } from '#domain/placement/target.ts';

/**
 * A text that is one of these. A reader accepts any other too, since an older command line receives the words of a newer Slipway.
 * The document and the tests hold a Slipway to the list.
 */
export function oneOf(values: readonly string[], meta: { id?: string; description?: string } = {}) {
  return z.string().check(z.meta({ enum: [...values], ...meta }));
}

export const deploymentId = z
  .string()
  .check(z.meta({ id: 'DeploymentId', pattern: '^[0-9a-f]{32}$' }));

export const version = z.int().check(z.positive());

export const count = z.int().check(z.nonnegative());

export const phase = oneOf(Object.keys(NEXT_PHASES), { id: 'Phase' });

export const target = oneOf(TARGETS, { id: 'Target' });

export const versionState = oneOf(['Live', 'Retired', 'Removed'], { id: 'VersionState' });

export const trouble = z
  .nullable(z.object({ name: z.string(), reason: z.string(), fix: z.string() }))
  .check(
    z.meta({
      id: 'Trouble',
      description: 'The reason why it failed; null while nothing has gone wrong.',
    }),
  );

export const damage = z.object({ reason: z.string(), fix: z.string() }).check(
  z.meta({
    id: 'Damage',
    description:
      'Says what is wrong, and what to do. A version has it while its bytes cannot be served.',
  }),
);

export const advice = z
  .object({
    reason: z.string(),
    fix: z.string(),
    to: z.string().check(z.describe('The better option, in a few words.')),
    savesUsd: z
      .number()
      .check(
        z.describe('USD a month; 0 where it costs no less, but keeps a limit that is broken now.'),
      ),
  })
  .check(
    z.meta({
      id: 'Advice',
      description:
        'The placement that would suit a live version better, for the requests that it got. It is there if the last comparison of the placements found one.',
    }),
  );

export const goldenProof = z
  .object({
    sample: z.union([z.int(), z.enum(['example', 'readiness'])]),
    of: z.exactOptional(
      z
        .object({ deploymentId, revision: z.string() })
        .check(z.describe('The version from which the request comes, if it is another one.')),
    ),
    warning: z.string(),
    latencyMs: z.number(),
  })
  .check(
    z.meta({
      id: 'GoldenProof',
      description:
        'The request that proved it: a number is the size of the free dimensions of a request made of zeros; `readiness` means that it answered no request.',
    }),
  );

/** A person's decision about a promotion. */
export const verdict = z.enum(
  ['approved', 'refused'],
  'is neither approved nor refused\nSay approved or refused.',
);

/** Who dropped an artifact, as exactly as the store reports it. */
export const droppedBy = z.exactOptional(
  z
    .object({
      requester: z.exactOptional(
        z
          .string()
          .check(
            z.describe(
              "The owner of the file; in an account the id of the account that wrote the object, or a service's principal.",
            ),
          ),
      ),
      address: z.exactOptional(z.string().check(z.describe('Where the request came from.'))),
      requestId: z.exactOptional(
        z
          .string()
          .check(z.describe("The id of the request, which CloudTrail's record of it has too.")),
      ),
      claims: z.exactOptional(
        z.string().check(z.describe('Who the uploader claims to be; nobody has checked it.')),
      ),
    })
    .check(
      z.meta({
        id: 'DroppedBy',
        description: 'Who dropped an artifact, as exactly as the store says.',
      }),
    ),
);
