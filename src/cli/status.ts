import type { BuildProgress, ModelStatus, Slipway } from '#compose/slipway.ts';
import { buildStanding, lastLines } from './build-lines.ts';

/** A model, with how what is built for its newest deployment stands; null where nothing is. */
export type BuildingModel = ModelStatus & { readonly build: BuildProgress | null };

export async function withBuilds(slipway: Slipway): Promise<readonly BuildingModel[]> {
  const models = await slipway.models();
  return Promise.all(
    models.map(async (model) => {
      const id = model.newest?.phase === 'Building' && model.newest.id;
      return { ...model, build: id ? await slipway.build(id) : null };
    }),
  );
}

/** A line a model: what is live and where, and how its newest deployment stands when that is another; of one that is being built the last lines of the log below it. */
export function statusLines(models: readonly BuildingModel[]): readonly string[] {
  if (models.length === 0) return ['no models yet; drop one with `slipway push MODEL.onnx`'];
  return models.flatMap(({ name, endpoint, live, newest, versions, repairs, unproven, build }) => {
    const isUndeployed = live === null && newest?.phase === 'Live';
    if (isUndeployed) return [`${name}  undeployed`];
    const serving = live ? `v${live.version} live on ${live.target}  ${endpoint}` : 'nothing live';
    const isOther = newest !== null && newest.version !== live?.version;
    const notes = [
      ...(unproven ? [unproven] : []),
      ...(isOther ? [`newest: ${standing(newest, versions)}`] : []),
      ...(build ? [buildStanding(build)] : []),
      ...(repairs ? [mending(repairs)] : []),
    ];
    const line = [`${name}  ${serving}`, ...notes.map((note) => `(${note})`)].join('  ');
    return [line, ...(build ? lastLines(build) : []).map((each) => `    ${each}`)];
  });
}

/** Of one that was live, what became of it. */
function standing(
  { version, phase, trouble }: NonNullable<ModelStatus['newest']>,
  versions: ModelStatus['versions'],
): string {
  const reason = trouble ? `, ${trouble.reason.split('\n')[0]}` : '';
  const wasLive = phase === 'Live' && versions.find((each) => each.version === version);
  return `${version === null ? '' : `v${version} `}${wasLive ? wasLive.state : phase}${reason}`;
}

function mending({ inARow, notBeforeMs }: NonNullable<ModelStatus['repairs']>): string {
  return `repaired ${inARow} times in a row, and not again before ${new Date(notBeforeMs).toISOString()}`;
}
