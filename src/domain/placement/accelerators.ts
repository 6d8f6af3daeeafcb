import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import { nearestName } from '#domain/nearest-name.ts';

/** The GPUs of EC2 by their names in manifests and caps, those of the cheapest instances first. */
export const ACCELERATORS: readonly string[] = [
  ...new Set(gpus.instances.map(({ accelerator }) => accelerator)),
];

/** Fails with `InputInvalid` on the first name that is not a GPU of EC2, since such a cap would reject the GPU that it means to allow. `setting` is the setting that has these names. */
export function requireAccelerators(setting: string, names: readonly string[]): void {
  const unknown = names.find((name) => !ACCELERATORS.includes(name));
  if (unknown === undefined) return;
  const typed = upper(unknown.trim());
  const meant = typed && nearestName(typed, ACCELERATORS.map(upper));
  const nearest = ACCELERATORS.find((name) => upper(name) === meant);
  throw new Failure(
    'InputInvalid',
    `${setting} names ${JSON.stringify(unknown)}, which is not a GPU of EC2`,
    {
      fix: `${nearest ? `Did you mean ${nearest}? ` : ''}Separate names by commas; there are ${ACCELERATORS.join(', ')}.`,
    },
  );
}

function upper(name: string): string {
  return name.toUpperCase();
}
