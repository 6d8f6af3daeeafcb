import limits from '../../../buildspecs/commands/layers.json' with { type: 'json' };

/** The sizes (bytes) of the layers that a build makes of a model's files: its weights by whole files, in the order of their names, and all other files last. The same rule as in buildspecs/commands/layer-plan.mjs, which makes the layers. */
export function modelLayers(
  files: readonly { readonly name: string; readonly sizeBytes: number }[],
): readonly number[] {
  const sizes = files
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ sizeBytes }) => sizeBytes);
  const weights = sizes.filter((bytes) => bytes >= limits.weightsBytes);
  const rest = sizes.filter((bytes) => bytes < limits.weightsBytes);
  return [...packed(weights), sumOf(rest)];
}

function packed(weights: readonly number[]): readonly number[] {
  const most = Math.max(limits.layerBytes, sumOf(weights) / limits.mostShares);
  const layers: number[] = [];
  let room = 0;
  for (const bytes of weights) {
    if (bytes > room) {
      layers.push(0);
      room = most;
    }
    layers.push((layers.pop() ?? 0) + bytes);
    room -= bytes;
  }
  return layers;
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, each) => sum + each, 0);
}
