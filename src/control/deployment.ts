import * as z from 'zod/mini';
import {
  count,
  deploymentId,
  droppedBy,
  oneOf,
  phase,
  target,
  trouble,
  version,
} from './values.ts';

const part = z
  .object({
    name: z.string(),
    key: z.string(),
    versionId: z.string(),
    sizeBytes: count,
    checksum: z.string(),
  })
  .check(z.meta({ id: 'Part' }));

/** A step's own record, which the control API passes on unchanged. */
const found = z.exactOptional(z.record(z.string(), z.unknown()));

/** One run of the workflow, as the registry keeps it. */
export const deployment = z
  .object({
    id: deploymentId,
    kind: oneOf(['deploy', 'promote', 'rollback', 'repair', 'undeploy']),
    model: z.string(),
    version: z
      .nullable(z.int())
      .check(
        z.describe('Null when admission itself ended the deployment, or a model is undeployed.'),
      ),
    phase,
    artifact: z
      .object({
        droppedBy,
        bucket: z.string(),
        key: z.string(),
        versionId: z.string(),
        parts: z.array(part),
        manifest: z.nullable(part),
      })
      .check(
        z.describe('The artifact that is deployed, each part pinned to one version of its object.'),
      ),
    order: z
      .nullable(
        z.object({
          key: z.string(),
          versionId: z.string(),
          sequencer: z.string(),
          lastModifiedMs: z.number(),
        }),
      )
      .check(
        z.describe(
          'The order of uploads, which decides which of two is newer; null when it was refused before it was compared.',
        ),
      ),
    execution: z.string(),
    attempt: version,
    admittedAtMs: z.number(),
    phaseChangedAtMs: z.number(),
    endedAtMs: z
      .nullable(z.number())
      .check(z.describe('Null while the workflow has something to do.')),
    work: z
      .object({
        promotion: found,
        inspection: found,
        plan: found,
        image: found,
        buildLog: found,
        awaits: found,
        decision: found,
        candidate: found,
        golden: found,
        comparison: found,
        clearance: found,
        shift: found,
        bake: found,
        removal: found,
        kept: z.exactOptional(z.nullable(z.record(z.string(), z.unknown()))),
      })
      .check(z.describe('The findings and results of the steps so far.')),
    intents: z
      .array(z.object({ kind: z.enum(['revision', 'restart']), name: z.string(), target }))
      .check(
        z.describe(
          'The resources that it has begun to make, and that are neither in use nor removed yet.',
        ),
      ),
    trouble,
  })
  .check(z.meta({ id: 'Deployment' }));
