import * as z from 'zod/mini';
import { ROLES } from '#domain/key-role.ts';
import type { Frozen } from './operation.ts';
import {
  advice,
  count,
  damage,
  deploymentId,
  droppedBy,
  oneOf,
  phase,
  target,
  trouble,
  version,
  versionState,
} from './values.ts';

const common = {
  version,
  revision: z.string().check(z.describe('`<model>-v<version>`; the value of x-slipway-revision.')),
  target,
  state: versionState,
  damage: z.exactOptional(damage),
  advice: z.exactOptional(advice),
  tags: z.exactOptional(
    z.array(z.string()).check(z.describe('The names that its owner gave it, as by tags of git.')),
  ),
};

const modelVersion = z
  .object({
    ...common,
    model: z.string(),
    deploymentId,
    isStreaming: z.exactOptional(
      z.boolean().check(z.describe('Whether its answers are streamed on Lambda.')),
    ),
    liveAtMs: z.number().check(z.describe('When it last went live (epoch).')),
  })
  .check(z.meta({ id: 'Version' }));

const versionEntry = z
  .object({
    ...common,
    liveAtMs: z.number(),
    artifact: z.string().check(z.describe('The key of the object that started its deployment.')),
    droppedBy,
  })
  .check(z.meta({ id: 'VersionEntry' }));

export type VersionEntry = Frozen<z.output<typeof versionEntry>>;

export const model = z
  .object({
    name: z.string(),
    endpoint: z.string().check(z.describe("The base of the model's URLs.")),
    live: z.nullable(modelVersion),
    versions: z.array(modelVersion).check(z.describe('The versions that went live, newest first.')),
    newest: z
      .nullable(
        z.object({
          id: deploymentId,
          version: z.nullable(z.int()),
          phase,
          // Absent from a Slipway of an earlier version.
          waitsFor: z.prefault(
            z
              .nullable(z.string())
              .check(
                z.describe(
                  'Why the candidate has not been started, or has no target yet, while its phase is Waiting; null in any other phase.',
                ),
              ),
            null,
          ),
          trouble,
          droppedBy,
        }),
      )
      .check(
        z.describe(
          'The state of the newest deployment; null if there is none since the model was undeployed.',
        ),
      ),
    repairs: z
      .nullable(z.object({ inARow: z.int().check(z.gte(2)), notBeforeMs: z.int() }))
      .check(
        z.describe(
          'How many repairs in a row there were, and when (epoch ms) the next one may begin if it is needed; null for fewer than two.',
        ),
      ),
    unproven: z
      .nullable(z.string())
      .check(
        z.describe(
          'Says that the live version was started without a request that proves it, and what would prove it; null if it was proven.',
        ),
      ),
    // Absent from a Slipway of an earlier version.
    cost: z.prefault(
      z
        .nullable(
          z.object({
            idleUsdPerMonth: z
              .nullable(z.number())
              .check(
                z.describe(
                  'While nobody calls; null where an earlier Slipway left the instance to ECS.',
                ),
              ),
            perMillionUsd: z
              .number()
              .check(z.describe('For each million calls of `durationMs` each.')),
            durationMs: z.number(),
          }),
        )
        .check(
          z.describe(
            'The cost of the live version on its target in AWS, by the prices of the last deploy, each on average over what all live versions use together; on one machine none of it is spent. Null if no version is live, no target was chosen for it, or nobody wants to know.',
          ),
        ),
      null,
    ),
    // Absent from a Slipway of an earlier version.
    spent: z.prefault(
      z
        .nullable(
          z.object({
            month: z.string().check(z.describe('The calendar month (UTC), such as 2026-12.')),
            usd: z.number(),
            untilMs: z.number().check(z.describe('Whole hours until then are in the sum (epoch).')),
            isSpent: z
              .boolean()
              .check(z.describe('False on one machine: it is what AWS would have charged.')),
            maxMonthlyUsd: z.nullable(z.number()).check(z.describe('The cap; null for none.')),
            most: z
              .nullable(z.int())
              .check(
                z.describe(
                  'How many replicas, or concurrent executions, it may have for now because of the cap; null for no limit.',
                ),
              ),
            unmetered: z
              .nullable(z.string())
              .check(
                z.describe('Why nothing is added for the live version; null where it is metered.'),
              ),
          }),
        )
        .check(
          z.describe(
            'The cost of the requests of the model in this month, at the prices of its placement and without API Gateway. Null until it has been added up.',
          ),
        ),
      null,
    ),
    // Absent from a Slipway of an earlier version.
    alerts: z.prefault(
      z
        .array(damage)
        .check(
          z.describe(
            'The current faults of the live version: it fails nine in ten of its requests (in five minutes, of at least ten), or three of its servers ended by themselves in ten minutes. Empty if there are none.',
          ),
        ),
      [],
    ),
  })
  .check(z.meta({ id: 'Model' }));

/** A model: its live version and endpoint, the versions that ever went live, newest first, and the state of its newest deployment. */
export type ModelStatus = Frozen<z.output<typeof model>>;

export const models = z.object({ models: z.array(model) });

export const versions = z.object({ versions: z.array(versionEntry) });

const refusedDrop = z.object({
  name: z.string().check(z.describe('The name that the model would have had.')),
  state: z.enum(['Rejected', 'Ignored']),
  reason: z.string(),
  fix: z.string().check(z.describe('The remedy; empty when there is none.')),
  time: z.iso.datetime(),
});

/** A drop that did not become a model. */
export type RefusedDrop = Frozen<z.output<typeof refusedDrop>>;

export const refused = z.object({ refused: z.array(refusedDrop).check(z.maxLength(5)) });

export const modelLog = z.object({
  revision: z
    .nullable(z.string())
    .check(
      z.describe(
        'Null when its newest deployment has no revision yet; the lines are those of its build.',
      ),
    ),
  lines: z.array(z.string()),
});

/** The last lines that a model's newest revision wrote, oldest first. */
export type ModelLog = Frozen<z.output<typeof modelLog>>;

const build = z
  .object({
    deploymentId,
    place: z
      .nullable(z.int().check(z.gte(1)))
      .check(z.describe('Its place in the queue, 1 for the next; null once it runs.')),
    stage: z
      .nullable(z.string().check(z.meta({ pattern: '^[A-Za-z][A-Za-z0-9 ,]{0,59}$' })))
      .check(
        z.describe(
          'Its progress in its own words, such as `installing 14 of 31 packages`; null before it has reported any.',
        ),
      ),
    leftMs: z
      .nullable(z.number().check(z.nonnegative()))
      .check(
        z.describe(
          'How long it will still take, from the last build in the same environment; null if that is not known.',
        ),
      ),
    lines: z
      .array(z.string())
      .check(z.meta({ maxItems: 5, description: 'The last lines of its log, oldest first.' })),
  })
  .check(
    z.meta({
      id: 'Build',
      description: 'The state of a build that waits for its turn or runs.',
    }),
  );

export const builds = z.object({ builds: z.array(build) });

export const asked = z
  .object({
    kind: z.enum(['nothing', 'begun', 'aborted']),
    deploymentId: z
      .nullable(deploymentId)
      .check(z.describe('The deployment to follow; null when there is nothing to do.')),
    after: z
      .string()
      .check(z.describe('The cursor of its last event before this request; empty if it had none.')),
    says: z.string().check(z.minLength(1)),
  })
  .check(z.meta({ id: 'Asked', description: 'The outcome of a request for a change.' }));

/** The outcome of a request, in a sentence, and the deployment that carries it out or is given up. */
export type Asked = Frozen<z.output<typeof asked>>;

export const tagged = z.object({
  version: z.nullable(version).check(z.describe('The version that has the tag now.')),
});

export const objects = z.object({ keys: z.array(z.string()) });

export const removed = z.object({ key: z.string() });

/** `s3`: opens the S3 API of the bucket. `calls`: is sent by callers of models, and to the control API, from other machines. */
export const keyUse = oneOf(['s3', 'calls']);

const keyRecord = {
  id: z
    .string()
    .check(
      z.describe('Names the key, and is the access key id of S3; it opens nothing by itself.'),
    ),
  name: z.string(),
  models: z
    .union([z.literal('all'), z.array(z.string())])
    .check(
      z.describe(
        'The models that it is for; `team-a-*` stands for all whose names begin with `team-a-`.',
      ),
    ),
  createdAtMs: z.number(),
  expiresAtMs: z.optional(
    z.number().check(z.describe('When it expires (epoch); absent if it does not.')),
  ),
  rate: z.optional(
    z
      .object({ requests: count, everySeconds: z.union([z.literal(1), z.literal(60)]) })
      .check(z.describe('How many requests it may send in so many seconds; by default 100 in 1.')),
  ),
  roles: z.array(oneOf(ROLES)).check(z.describe('Its holder may do this with its models.')),
  use: keyUse,
};

export const keyMade = z.object({
  ...keyRecord,
  secret: z
    .string()
    .check(z.describe('The key itself, or the secret access key; no later request answers it.')),
  endpoint: z.nullable(z.string()).check(z.describe('The URL of the S3 API; null for calls.')),
  bucket: z.nullable(z.string()).check(z.describe('The name of the bucket there; null for calls.')),
});

export const keysKept = z.object({ keys: z.array(z.object(keyRecord)) });

export const keyRevoked = z.object({
  id: z.string(),
  wasKnown: z.boolean().check(z.describe('Whether a key had this id.')),
});

export const uploaded = z.object({
  key: z.string(),
  versionId: z.string(),
  sha256: z.string().check(z.meta({ pattern: '^[0-9a-f]{64}$' })),
  sizeBytes: count,
  deploymentId: z
    .nullable(deploymentId)
    .check(z.describe('The deployment that it starts; null when its key starts none.')),
});

export const uploadProgress = z.object({
  offset: count.check(z.describe('How many of its bytes have arrived: where it goes on.')),
  uploaded: z.nullable(uploaded).check(z.describe('Null until all bytes have arrived.')),
});

export const refusal = z
  .object({
    error: z.string().check(z.minLength(1)),
    fix: z.exactOptional(z.string().check(z.describe('The remedy; empty when there is none.'))),
    see: z.exactOptional(z.array(z.string()).check(z.describe('The resources that there are.'))),
  })
  .check(z.meta({ id: 'Refusal' }));

const memory = z
  .object({
    budgetMiB: z.int().check(z.gte(1)),
    usedMiB: count,
    servers: count,
    waiting: count,
  })
  .check(
    z.meta({
      id: 'Memory',
      description:
        'Says how much memory model servers hold and may hold together (MiB), how many run or start, and how many candidates wait.',
    }),
  );

const walls = z
  .object({
    says: z.string().check(z.minLength(1)),
    open: z.array(z.string()),
    refuses: z.nullable(z.string()),
  })
  .check(
    z.meta({
      id: 'Walls',
      description:
        'The walls around a model, as this Slipway found them when it started: in one line, what a model with hostile code could still do, and why models that Python loads are refused (null when they are served).',
    }),
  );

export type Walls = Frozen<z.output<typeof walls>>;

const endpoints = z
  .string()
  .check(z.describe('The address of the gateway: a model answers under `/models/NAME` there.'));

const known = { pid: z.int(), memory, walls, endpoints };

/** The answering Slipway's description of itself, from any version. */
export const anyHealth = z.object({
  pid: known.pid,
  memory: z.optional(memory),
  walls: z.optional(walls),
  endpoints: z.optional(endpoints),
});

export const healthy = z.object({ status: z.literal('ok'), ...known });

export const failing = z.object({
  status: z.literal('failing'),
  ...known,
  troubles: z
    .array(
      z.object({
        check: oneOf(['disk', 'bucket', 'registry', 'walls']),
        reason: z.string(),
        fix: z.string(),
      }),
    )
    .check(z.minLength(1)),
});

export const consoleLink = z.object({
  url: z.string().check(z.describe('Opens the console once, in a browser on this machine.')),
});

export const consoleSession = z.object({
  token: z
    .string()
    .check(z.describe('A bearer token for the control API, for thirty days and across restarts.')),
});

export const workflowGraph = z.object({
  startAt: z.string(),
  states: z.array(
    z.object({
      name: z.string(),
      type: z.string().check(z.describe("Amazon States Language's: Task, Choice, Wait, …")),
      comment: z.string(),
      next: z
        .array(z.string())
        .check(
          z.describe(
            'The states that may follow when all goes well, in the order of the definition.',
          ),
        ),
      caught: z.array(z.string()).check(z.describe('The states that follow a failure.')),
    }),
  ),
});

export const steps = z.object({
  workflow: z.enum(['deploy', 'promote', 'rollback', 'undeploy']),
  attempt: version,
  steps: z.array(
    z.object({
      state: z.string(),
      startedAtMs: z.number(),
      endedAtMs: z.nullable(z.number()).check(z.describe('Null while it runs.')),
      error: z.nullable(z.string()).check(z.describe('The name of the failure that ended it.')),
    }),
  ),
});

const ofRevision = {
  revision: z.string(),
  share: z.nullable(z.number()).check(z.describe('Its weight among the revisions of the model.')),
  memoryMiB: z
    .nullable(z.number())
    .check(z.describe('The memory of its servers; null if the system does not report it.')),
};

export const traffic = z.object({
  everySeconds: z.number(),
  nowMs: z.number(),
  now: z.array(z.object(ofRevision)),
  points: z
    .array(
      z.object({
        ...ofRevision,
        atMs: z.number(),
        requests: count,
        errors: count.check(z.describe('Answers of 500 and above.')),
        p50Ms: z.nullable(z.number()),
        p99Ms: z.nullable(z.number()),
      }),
    )
    .check(z.describe('Oldest first; times without requests or changes have no point.')),
});

/** How the requests of a model went, in pieces of some seconds. */
export type Traffic = Frozen<z.output<typeof traffic>>;

export const calledHours = z.object({
  sinceMs: z.number().check(z.describe('From when on requests are counted (epoch).')),
  nowMs: z.number(),
  hours: z.array(
    z.object({
      atMs: z.number().check(z.describe('When the hour began (epoch).')),
      requests: count,
      busiestMinute: count.check(z.describe('The requests of its busiest minute.')),
    }),
  ),
});

/** The requests of a model by the hour; hours without any may be absent. */
export type CalledHours = Frozen<z.output<typeof calledHours>>;
