import type { Asked } from '#control/models.ts';
import type { Input } from '#control/operation.ts';
import type { everywhere } from '#control/operations.ts';
import { type Deployment, deploymentId } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { isAskedAbout } from '#domain/promotion/approval.ts';
import { type Release, releaseOf } from '#domain/promotion/release.ts';
import type { Registry } from '#ports/registry.ts';
import { begin } from './model-actions.ts';
import { requireModel } from './model-status.ts';

const EVENTS = 100;

type PromotionActions = {
  /** The release that brings a version to another Slipway: `version`, or for null the live one; `place` is its name there. */
  release(model: string, version: number | null, place: string): Promise<Release>;
  /** Makes a version live whose files have already been copied here. */
  promote(promotion: Input<(typeof everywhere)['promote']>): Promise<Asked>;
  /** Approves or refuses a promotion, or a version that the gate asks about. Fails with `PhaseConflict` where there is none, or it has another digest. */
  answer(model: string, answer: Omit<PromotionAnswer, 'name'>): Promise<Asked>;
};

type PromotionAnswer = Input<(typeof everywhere)['answerPromotion']>;

/** The requests of a promotion to the Slipway that it comes from, and to the one that it goes to. */
export function promotionActions(
  deps: Parameters<typeof begin>[0] & { readonly bucket: string },
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
    async answer(name, { version, verdict, digest, by, force }) {
      const { id } = await waiting(registry, name, version);
      const { events } = await registry.events({ after: '', limit: EVENTS, deploymentId: id });
      await registry.answerApproval(id, { verdict, digest, by, ...(force && { isForced: true }) });
      return {
        kind: verdict === 'approved' ? 'begun' : 'aborted',
        deploymentId: id,
        after: events.at(-1)?.cursor ?? '',
        says: `${by} has ${verdict} version ${version} of ${name}`,
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
  const isAwaited = newest && (newest.work.promotion ?? isAskedAbout(newest));
  if (isAwaited && newest.version === version) return newest;
  throw new Failure('PhaseConflict', `version ${version} of ${name} waits for no approval`, {
    fix: 'See what waits with `slipway status`.',
  });
}
