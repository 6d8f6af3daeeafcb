import type { ModelStatus } from '#compose/slipway.ts';

/** One line per model: what is live and where, and the state of its newest deployment if that is another. */
export function statusLines(models: readonly ModelStatus[]): readonly string[] {
  if (models.length === 0) return ['no models yet; drop one with `slipway push MODEL.onnx`'];
  return models.map(({ name, endpoint, live, newest, versions, repairs, unproven }) => {
    const isUndeployed = live === null && newest?.phase === 'Live';
    if (isUndeployed) return `${name}  undeployed`;
    const serving = live ? `v${live.version} live on ${live.target}  ${endpoint}` : 'nothing live';
    const isOther = newest !== null && newest.version !== live?.version;
    const notes = [
      ...(unproven ? [unproven] : []),
      ...(isOther ? [`newest: ${standing(newest, versions)}`] : []),
      ...(repairs ? [mending(repairs)] : []),
    ];
    return [`${name}  ${serving}`, ...notes.map((note) => `(${note})`)].join('  ');
  });
}

/** The state of the newest deployment; for one that was live, what became of it. */
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
