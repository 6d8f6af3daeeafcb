import { type Deployment, deploymentId } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { releaseOf } from '#domain/promotion/release.ts';
import type { Registry } from '#ports/registry.ts';
import { begin } from './model-actions.ts';
import { requireModel } from './model-status.ts';
import type { PromotionAnswer, Slipway } from './slipway.ts';

const EVENTS = 100;

export type PromotionActions = Pick<Slipway, 'release' | 'promote' | 'answer'>;

/** The part of a Slipway that a promotion needs, at its source and at its target; `whoAmI` names the person who approves one. */
export function promotionActions(
  deps: Parameters<typeof begin>[0] & {
    readonly bucket: string;
    readonly whoAmI: () => Promise<string>;
  },
): PromotionActions {
  const { registry } = deps;
  return {
    release: async (name, version, place) =>
      releaseOf(await deploymentOf(registry, name, version), place),
    async promote({ model, key, versionId, needsApproval }) {
      const release = { bucket: deps.bucket, key, versionId };
      const id = await deploymentId(deps.bucket, key, versionId);
      const request = { kind: 'promote', deploymentId: id, model, release, needsApproval } as const;
      return begin(deps, request, `the promotion of ${model} has begun`);
    },
    async answer(name, { version, verdict, digest, by }) {
      const { id } = await waiting(registry, name, version);
      const who = by ?? (await deps.whoAmI());
      const { events } = await registry.events({ after: '', limit: EVENTS, deploymentId: id });
      await registry.answerApproval(id, { verdict, digest, by: who });
      return {
        kind: verdict === 'approved' ? 'begun' : 'aborted',
        deploymentId: id,
        after: events.at(-1)?.cursor ?? '',
        says: `${who} has ${verdict} version ${version} of ${name}`,
      };
    },
  };
}

async function deploymentOf(
  registry: Registry,
  name: string,
  version: number | null,
): Promise<Deployment> {
  const { live } = await requireModel(registry, name);
  const versions = await registry.versions(name);
  const found = version === null ? live : versions.find((each) => each.version === version);
  if (found?.state === 'Removed') {
    throw new Failure('InputInvalid', `${name} version ${version} was removed, with its image`, {
      fix: `Promote one that can still start: \`slipway versions ${name}\`.`,
    });
  }
  const deployment = found && (await registry.deployment(found.deploymentId));
  if (deployment) return deployment;
  throw new Failure(
    'InputInvalid',
    version === null ? `nothing of ${name} is live` : `${name} version ${version} never went live`,
    { fix: `See those that did with \`slipway versions ${name}\`.` },
  );
}

/** Only the newest deployment of a model can still go live. */
async function waiting(
  registry: Registry,
  name: string,
  version: PromotionAnswer['version'],
): Promise<Deployment> {
  const { newestDeploymentId } = await requireModel(registry, name);
  const newest = await registry.deployment(newestDeploymentId);
  if (newest?.version === version && newest.work.promotion) return newest;
  throw new Failure('PhaseConflict', `version ${version} of ${name} waits for no approval`, {
    fix: 'See what waits with `slipway status`.',
  });
}
