import type { ModelStatus } from '#compose/slipway.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';
import { buildWords } from './live-lines.ts';

/** A line a model: what is live and where, and how its newest deployment stands when that is another. */
export function statusLines(
  models: readonly ModelStatus[],
  builds: readonly BuildProgress[],
): readonly string[] {
  if (models.length === 0) return ['no models yet; drop one with `slipway push MODEL.onnx`'];
  return models.map(({ name, endpoint, live, newest, versions, repairs, unproven }) => {
    const isUndeployed = live === null && newest?.phase === 'Live';
    if (isUndeployed) return `${name}  undeployed`;
    const serving = live ? `v${live.version} live on ${live.target}  ${endpoint}` : 'nothing live';
    const isOther = newest !== null && newest.version !== live?.version;
    const notes = [
      ...(unproven ? [unproven] : []),
      ...(isOther ? [`newest: ${standing(newest, versions, builds)}`] : []),
      ...(repairs ? [mending(repairs)] : []),
    ];
    return [`${name}  ${serving}`, ...notes.map((note) => `(${note})`)].join('  ');
  });
}

/** Of one that was live, what became of it. */
function standing(
  { id, version, phase, trouble }: NonNullable<ModelStatus['newest']>,
  versions: ModelStatus['versions'],
  builds: readonly BuildProgress[],
): string {
  const build = builds.findLast(({ deploymentId }) => deploymentId === id);
  const reason = trouble ? `, ${trouble.reason.split('\n')[0]}` : build && `, ${buildWords(build)}`;
  const wasLive = phase === 'Live' && versions.find((each) => each.version === version);
  return `${version === null ? '' : `v${version} `}${wasLive ? wasLive.state : phase}${reason ?? ''}`;
}

function mending({ inARow, notBeforeMs }: NonNullable<ModelStatus['repairs']>): string {
  return `repaired ${inARow} times in a row, and not again before ${new Date(notBeforeMs).toISOString()}`;
}
