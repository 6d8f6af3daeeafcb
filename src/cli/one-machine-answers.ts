import * as z from 'zod/mini';
import { buildProof } from '#domain/build/proof.ts';
import { TARGETS } from '#domain/placement/target.ts';

// The control API's answers, as in docs/control-api.openapi.yaml.

const version = z.object({
  version: z.int(),
  revision: z.string(),
  state: z.string(),
  target: z.string(),
  damage: z.exactOptional(z.object({ reason: z.string(), fix: z.string() })),
});

const trouble = z.nullable(z.object({ name: z.string(), reason: z.string(), fix: z.string() }));

const droppedBy = z.exactOptional(
  z.object({
    requester: z.exactOptional(z.string()),
    address: z.exactOptional(z.string()),
    requestId: z.exactOptional(z.string()),
    claims: z.exactOptional(z.string()),
  }),
);

export const models = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      endpoint: z.string(),
      live: z.nullable(version),
      versions: z.array(version),
      newest: z.nullable(
        z.object({
          id: z.string(),
          version: z.nullable(z.int()),
          phase: z.string(),
          // One of an earlier version of Slipway does not say.
          waitsFor: z._default(z.nullable(z.string()), null),
          trouble,
          droppedBy,
        }),
      ),
      repairs: z.nullable(z.object({ inARow: z.int(), notBeforeMs: z.number() })),
      unproven: z.nullable(z.string()),
      // One of an earlier version of Slipway does not say.
      alerts: z._default(z.array(z.object({ reason: z.string(), fix: z.string() })), []),
    }),
  ),
});

export const refused = z.object({
  refused: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['Rejected', 'Ignored']),
      reason: z.string(),
      fix: z.string(),
      time: z.string(),
    }),
  ),
});

export const storage = z.object({ objectBytes: z.number(), prunableBytes: z.number() });

export const modelLog = z.object({ revision: z.nullable(z.string()), lines: z.array(z.string()) });

export const versions = z.object({
  versions: z.array(z.extend(version, { liveAtMs: z.number(), artifact: z.string(), droppedBy })),
});

export const asked = z.object({
  kind: z.enum(['nothing', 'begun', 'aborted']),
  deploymentId: z.nullable(z.string()),
  after: z.string(),
  says: z.string(),
});

const option = z.object({
  target: z.enum(TARGETS),
  taken: z.boolean(),
  memoryMiB: z.number(),
  cpuUnits: z.number(),
  instanceTypes: z.array(z.string()),
  monthlyUsd: z.nullable(z.number()),
  coldStartSeconds: z.number(),
  reason: z.string(),
});

const proof = z.nullable(
  z.object({
    sample: z.union([z.number(), z.enum(['example', 'readiness'])]),
    of: z.exactOptional(z.object({ deploymentId: z.string(), revision: z.string() })),
    warning: z.string(),
    latencyMs: z.number(),
  }),
);

export const explanation = z.object({
  model: z.string(),
  version: z.nullable(z.int()),
  deploymentId: z.string(),
  phase: z.string(),
  trouble,
  artifact: z.object({
    key: z.string(),
    sizeBytes: z.number(),
    format: z.nullable(z.string()),
    parameters: z.nullable(z.number()),
    droppedBy,
  }),
  runtime: z.nullable(
    z.object({
      name: z.string(),
      title: z.string(),
      framework: z.nullable(z.string()),
      python: z.nullable(z.string()),
      packages: z.array(z.string()),
      proof: z.nullable(
        z.pick(buildProof, { conversion: true, importMs: true, loadMs: true, peakBytes: true }),
      ),
    }),
  ),
  image: z.nullable(
    z.object({
      digest: z.string(),
      compressedBytes: z.number(),
      uncompressedBytes: z.number(),
      smoke: z.nullable(
        z.object({
          startMs: z.number(),
          peakBytes: z.number(),
          refusedByLambda: z.optional(z.string()),
        }),
      ),
    }),
  ),
  target: z.nullable(z.string()),
  options: z.array(option),
  proof,
  shift: z.nullable(
    z.object({
      previous: z.nullable(z.string()),
      steps: z.array(z.object({ percent: z.number(), bakeSeconds: z.number() })),
      done: z.int(),
    }),
  ),
  promotion: z.nullable(
    z.object({
      from: z.object({ place: z.string(), version: z.int(), deploymentId: z.string() }),
      digest: z.string(),
      proof,
      needsApproval: z.boolean(),
      approval: z.nullable(
        z.object({
          verdict: z.enum(['approved', 'refused']),
          digest: z.string(),
          by: z.string(),
          atMs: z.number(),
        }),
      ),
      // One of an earlier version of Slipway does not say.
      signed: z.exactOptional(
        z.nullable(z.object({ key: z.string(), by: z.string(), atMs: z.number() })),
      ),
    }),
  ),
  probes: z.nullable(z.object({ sent: z.int(), failed: z.int() })),
});

export const builds = z.object({
  builds: z.array(
    z.object({
      deploymentId: z.string(),
      place: z.nullable(z.int()),
      stage: z.nullable(z.string()),
      leftMs: z.nullable(z.number()),
      lines: z.array(z.string()),
    }),
  ),
});

export const objects = z.object({ keys: z.array(z.string()) });

export const removed = z.object({ key: z.string() });

export const uploaded = z.object({
  key: z.string(),
  versionId: z.string(),
  sizeBytes: z.int(),
  deploymentId: z.nullable(z.string()),
});
