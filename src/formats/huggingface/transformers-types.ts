import { BY_CODE } from '#domain/artifact/ways-out.ts';
import types from '#formats/data/transformers-types.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import { RESAVE } from './json-file.ts';
import type { Network } from './network.ts';

/** The values of `model_type`, by task, for which the served version of transformers has a class (its MODEL_FOR_…_MAPPING_NAMES). */
const BY_TASK: Readonly<Record<string, readonly string[]>> = types.tasks;

/** Whether transformers could load a network for this task; true for tasks that transformers does not serve here. */
export function isKnownType({ modelType }: Network, task: string): boolean {
  return BY_TASK[task]?.includes(modelType ?? '') ?? true;
}

/** The failure for a network that transformers would not load, before gigabytes are installed for it. */
export function unknownType({ architecture, modelType, task }: Network, name: string) {
  if (modelType === null) {
    return rejected(`${name} has no model_type, by which transformers loads a network`, RESAVE);
  }
  const isOther = Object.values(BY_TASK).some((known) => known.includes(modelType));
  const what = isOther ? `none that does ${task}` : 'none';
  return rejected(
    `${name} has the model_type ${quoted(modelType)} (${quoted(architecture)}), of which transformers ${types.version} has ${what}`,
    `Serve it by code of your own, with the packages that know it in its requirements.txt: ${BY_CODE}.`,
  );
}
