import type {
  Artifact,
  ArtifactPart,
  Deployment,
  DeploymentWork,
  SignedRelease,
} from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { type Release, readRelease, releasePrefix } from '#domain/promotion/release.ts';
import { requireSigned, type Trust } from '#domain/promotion/signed-release.ts';
import type { MoveRequest, PromotionRequest, StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore, StoredObject } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { ModelImages } from '#ports/model-images.ts';
import type { Registry } from '#ports/registry.ts';
import { recordMove } from './record-move.ts';
import { takeOver } from './take-over.ts';

type Deps = {
  readonly registry: Registry;
  readonly executions: Executions;
  readonly artifacts: ArtifactStore;
  readonly images: Pick<ModelImages, 'all'>;
  /** `image`: every version needs one. */
  readonly engine: 'image' | 'process';
  /** Whether a person is to approve each promotion. */
  readonly requireApproval: boolean;
  readonly trust: Trust;
  readonly clock: Clock;
};

type Output = StepOutput<'AdmitPromotion'>;

const MOST_RELEASE_BYTES = 1024 * 1024;

/** Records what another Slipway has found of a version as one of this model, if all that serves it has arrived. */
export const admitPromotion =
  (deps: Deps) =>
  async ({ request, execution }: StepInput<'AdmitPromotion'>): Promise<Output> => {
    const { deploymentId, model } = request;
    const known = await deps.registry.deployment(deploymentId);
    if (known && known.execution !== execution) return takeOver(deps, known, execution);
    const { phase } = known ?? (await recordOf(deps, request, execution));
    return { kind: kindOf(phase), id: deploymentId, model, reason: '' };
  };

function recordOf(
  deps: Deps,
  request: PromotionRequest | MoveRequest,
  execution: string,
): Promise<Deployment> {
  return request.kind === 'move'
    ? recordMove(deps.registry, request, execution)
    : record(deps, request, execution);
}

function kindOf(phase: Deployment['phase']): Output['kind'] {
  switch (phase) {
    case 'Ignored':
      return 'ignored';
    case 'Rejected':
      return 'rejected';
    case 'Superseded':
      return 'superseded';
    default:
      return 'admitted';
  }
}

async function record(
  deps: Deps,
  request: PromotionRequest,
  execution: string,
): Promise<Deployment> {
  const { registry, artifacts } = deps;
  const { deploymentId, model } = request;
  const admission = { deploymentId, model, execution };
  try {
    const stored = await artifacts.describe(request.release);
    if (!stored) throw absent(request.release.key);
    const release = readRelease(await textOf(artifacts, stored));
    const signed = await requireSigned(release, deps.trust, {
      nowMs: deps.clock.now(),
      newestAtMs: await newestSigned(registry, model),
    });
    const artifact = await arrived(deps, request, release, signed !== null);
    const { from, digest } = release;
    const twin = await liveTwin(registry, release);
    if (twin) {
      const reason = `${twin}, which is live, is ${digest} already`;
      return await registry.refuse({
        ...admission,
        artifact,
        phase: 'Ignored',
        announcement: { reason },
      });
    }
    const announcement = {
      reason: `promoted from ${from.place}, version ${from.version}: ${digest}`,
      data: {
        kind: 'promote',
        from: from.place,
        fromVersion: from.version,
        digest,
        ...(signed && { signedBy: signed.key, releasedBy: signed.by }),
      },
    };
    const needsApproval = deps.requireApproval || request.needsApproval;
    const work = workOf(release, needsApproval, signed);
    const promoted = { work, announcement };
    return (await registry.admit({ ...admission, artifact, order: stored, promoted })).deployment;
  } catch (error) {
    if (!(error instanceof Failure) || !REJECTED_FOR.has(error.name)) throw error;
    const { name, message: reason, fix } = error;
    const artifact = { ...request.release, parts: [], manifest: null };
    const announcement = { reason, fix };
    return registry.refuse({
      ...admission,
      artifact,
      phase: 'Rejected',
      announcement,
      ...(name === 'ReleaseUntrusted' && { name }),
    });
  }
}

const REJECTED_FOR: ReadonlySet<string> = new Set(['InputInvalid', 'ReleaseUntrusted']);

/** When the newest statement was signed that the live or the newest deployment was admitted by; 0 without any. */
async function newestSigned(registry: Registry, model: string): Promise<number> {
  const known = await registry.model(model);
  // A rollback makes an older version live again: the newest statement may be that of a version that is only kept.
  const versions = await registry.versions(model);
  const ids = new Set(
    [known?.newestDeploymentId, ...versions.map((version) => version.deploymentId)].filter(Boolean),
  );
  const times = [...ids].map(
    async (id = '') => (await registry.deployment(id))?.work.promotion?.signed?.atMs ?? 0,
  );
  return Math.max(0, ...(await Promise.all(times)));
}

async function textOf(artifacts: ArtifactStore, stored: StoredObject): Promise<string> {
  if (stored.sizeBytes > MOST_RELEASE_BYTES) {
    throw new Failure(
      'InputInvalid',
      `${stored.key} has ${stored.sizeBytes} bytes; a release has at most ${MOST_RELEASE_BYTES}`,
    );
  }
  const source = await artifacts.open(stored);
  return new TextDecoder().decode(await source.read(0, stored.sizeBytes));
}

/** The release's files as they are here. Fails with `InputInvalid` unless each, and its image, is here with the same bytes: those of a signed release by the very checksum that was signed. */
async function arrived(
  deps: Deps,
  request: PromotionRequest,
  release: Release,
  isSigned: boolean,
): Promise<Artifact> {
  const { model } = request;
  if (release.model !== model) {
    throw new Failure('InputInvalid', `the release is one of ${release.model}, not of ${model}`);
  }
  await requireImage(deps, release);
  const { bucket } = request.release;
  const prefix = releasePrefix(model, release.digest);
  const pin = async (part: ArtifactPart): Promise<ArtifactPart> => {
    const { name, key, versionId } = part;
    const here = key.startsWith(prefix)
      ? await deps.artifacts.describe({ bucket, key, versionId })
      : undefined;
    const isAsSigned = !isSigned || here?.checksum === part.checksum;
    if (!here || !isAsSigned || !isSame(here, part)) throw absent(`${key}, version ${versionId}`);
    const { sizeBytes, checksum } = here;
    return { name, key, versionId, sizeBytes, checksum };
  };
  const { parts, manifest } = release.files;
  return {
    ...request.release,
    parts: await Promise.all(parts.map(pin)),
    manifest: manifest && (await pin(manifest)),
  };
}

/** Two checksums tell something only where both are of one algorithm. */
function isSame(here: StoredObject, { sizeBytes, checksum }: ArtifactPart): boolean {
  const [algorithm] = checksum.split(':');
  const isComparable = here.checksum.split(':')[0] === algorithm;
  return here.sizeBytes === sizeBytes && (!isComparable || here.checksum === checksum);
}

async function requireImage({ images, engine }: Deps, { image, model }: Release): Promise<void> {
  if (!image) {
    if (engine === 'process') return;
    throw new Failure('InputInvalid', `the release of ${model} has no image, which it needs here`, {
      fix: 'It comes from a Slipway that runs models as processes: push the model itself.',
    });
  }
  const all = await images.all();
  if (all.some(({ tag, digest }) => tag === image.tag && digest === image.digest)) return;
  throw absent(`the image ${image.digest}, as ${image.tag},`);
}

function absent(what: string): Failure {
  return new Failure('InputInvalid', `${what} is not here, or is another`, {
    fix: 'Promote it again.',
  });
}

/** The live revision where it is the same bytes, unless another deployment is about to replace or remove it. */
async function liveTwin(
  registry: Registry,
  { model, digest }: Release,
): Promise<string | undefined> {
  const live = (await registry.model(model))?.live;
  const work = live && (await registry.deployment(live.deploymentId))?.work;
  const isTwin = [work?.image?.digest, work?.promotion?.digest].includes(digest);
  if (!live || !isTwin) return undefined;
  const open = await registry.unended();
  const isLeaving = open.some((other) => other.model === model && other.id !== live.deploymentId);
  return isLeaving ? undefined : live.revision;
}

function workOf(
  release: Release,
  needsApproval: boolean,
  signed: SignedRelease | null,
): DeploymentWork {
  const { inspection, plan, image, digest, proof } = release;
  const { place, version, deploymentId } = release.from;
  const from = { place, version, deploymentId };
  const promotion = { from, digest, proof, needsApproval, approval: null, signed };
  return { promotion, inspection, plan, ...(image && { image }) };
}
