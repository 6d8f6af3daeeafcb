import type { Explanation } from '#control/explanation.ts';
import { BUILD_MACHINES } from '#domain/build/build-machine.ts';
import { servedBy } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import type { BuildPlan, Deployment, Model } from '#domain/deployment.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { timed } from '#domain/placement/cold-start.ts';
import { waysToSpendLess } from '#domain/placement/ways.ts';
import { toldTrouble } from '#domain/registry/kept.ts';
import type { Registry } from '#ports/registry.ts';
import { comparisonView } from './diff-versions.ts';
import { deploymentOf, unknownVersion } from './version-deployment.ts';

/** Explains the decisions and findings about a version; see `Slipway.explain`. */
export async function explainVersion(
  registry: Registry,
  model: Model,
  version: number | null,
): Promise<Explanation> {
  const deployment =
    version === null
      ? await registry.deployment(model.live?.deploymentId ?? model.newestDeploymentId)
      : await deploymentOf(registry, model, version);
  if (!deployment) throw unknownVersion(model, version);
  return explanation(deployment);
}

function explanation(deployment: Deployment): Explanation {
  const { id, model, version, phase, artifact, work } = deployment;
  const { inspection, plan, image, decision, golden, comparison, bake, promotion } = work;
  const sizeBytes = artifact.parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return {
    model,
    version,
    deploymentId: id,
    phase,
    trouble: toldTrouble(deployment),
    artifact: {
      key: artifact.key,
      sizeBytes,
      format: inspection?.facts.format ?? null,
      parameters: inspection?.facts.parameters ?? null,
      ...(artifact.droppedBy && { droppedBy: artifact.droppedBy }),
    },
    runtime: runtimeOf(deployment),
    ...builtOn(plan),
    image: image
      ? {
          digest: image.digest,
          compressedBytes: image.compressedBytes,
          uncompressedBytes: image.uncompressedBytes,
          // Absent in records from before builds ran a smoke test.
          smoke: image.smoke ?? null,
        }
      : null,
    target: decision?.target ?? null,
    options: timed(decision?.options ?? [], {
      runtime: image?.proof?.runtime ?? plan?.runtime ?? 'custom',
      artifactBytes: sizeBytes,
      image,
    }),
    ...(decision?.weighing && {
      weighing: { ...decision.weighing, ways: waysToSpendLess(decision.weighing.question) },
    }),
    proof: golden ?? null,
    comparison: comparison ? comparisonView(comparison) : null,
    shift: shiftOf(deployment),
    promotion: promotion
      ? {
          from: promotion.from,
          digest: promotion.digest,
          proof: promotion.proof,
          needsApproval: promotion.needsApproval,
          approval: promotion.approval,
          ...(promotion.signed !== undefined && { signed: promotion.signed }),
        }
      : null,
    probes: bake ? { sent: bake.probesSent, failed: bake.probesFailed } : null,
  };
}

function builtOn(plan: BuildPlan | undefined): Pick<Explanation, 'builtOn'> {
  const machine = BUILD_MACHINES.find(({ name }) => name === plan?.machine);
  return machine ? { builtOn: machine } : {};
}

function runtimeOf({ work: { inspection, plan, image } }: Deployment): Explanation['runtime'] {
  if (!inspection || !plan) return null;
  const { framework } = inspection.facts;
  const proof = image?.proof;
  const { runtime } = servedBy({ ...plan, modelFile: inspection.facts.modelFile }, image);
  return {
    name: runtime,
    title: RUNTIMES[runtime].title.replace('{python}', plan.python?.python ?? ''),
    framework: framework && [framework.name, framework.version].filter(Boolean).join(' '),
    python: plan.python?.python ?? null,
    packages: proof?.packages ?? [],
    proof: proof
      ? {
          conversion: proof.conversion,
          importMs: proof.importMs,
          loadMs: proof.loadMs,
          peakBytes: proof.peakBytes,
          ...(proof.batching && { batching: batchingOf(proof.batching, inspection.manifest) }),
        }
      : null,
  };
}

function batchingOf(
  proven: NonNullable<BuildProof['batching']>,
  { server }: Manifest,
): NonNullable<BuildProof['batching']> {
  if (server.batching !== 'off') return proven;
  return { rows: 1, reason: 'server.batching is off in model.yaml' };
}

function shiftOf({ phase, work: { shift } }: Deployment): Explanation['shift'] {
  if (!shift) return null;
  const { previous, steps, step } = shift;
  return {
    previous: previous?.revision ?? null,
    steps,
    done: phase === 'Live' ? steps.length : step,
  };
}
