import * as z from 'zod/mini';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { type FittedTensor, fractions, isSparseName } from '#formats/bytes/tensor-prints.ts';
import type { TorchArchive } from './archive.ts';
import type { TorchTensor } from './tensors.ts';

/** Operators by which a training changes all of a parameter: others may take only some of its rows, as an embedding does. */
const DENSE =
  /^torch\.ops\.aten\.(linear|conv[123]d|convolution|conv_transpose[123]d|layer_norm|native_layer_norm|group_norm|batch_norm|_native_batch_norm_legit_no_training|rms_norm)\b/;

/** The classes of a TorchScript module whose parameters such operators take alone. */
const DENSE_CLASS =
  /^__torch__\.torch\.nn\.modules\.(linear|conv|batchnorm|instancenorm|normalization)\.(___torch_mangle_\d+\.)?\w+$/;
const FRACTIONS = /^(FP|BF)/;

/** The names of values among the inputs of a node; those of its arguments do no harm. */
const NAMES = /"name":"(\w+)"/g;
const parameter = z.object({
  parameter: z.object({ arg: z.object({ name: z.string() }), parameter_name: z.string() }),
});

/** The graph of an exported program as far as its parameters go: `specs` are its inputs. */
export type Graph = {
  readonly nodes: readonly { readonly target: string; readonly inputs: readonly unknown[] }[];
  readonly specs: readonly unknown[];
};

/** A parameter whose storage is a member of the archive, and has no other numbers. */
export type Parameter = {
  readonly name: string;
  readonly member: ArtifactFile;
  readonly itemBytes: number;
};

/** The parameters that a training found. Two names for the same storage are one tensor. */
export async function fittedIn(
  { nodes, specs }: Graph,
  parameters: readonly Parameter[],
): Promise<readonly FittedTensor[]> {
  const inGraph = new Map(
    specs.flatMap((spec) => {
      const { data } = parameter.safeParse(spec);
      return data ? [[data.parameter.parameter_name, data.parameter.arg.name] as const] : [];
    }),
  );
  const sparse = new Set(
    nodes
      .filter(({ target }) => !DENSE.test(target))
      .flatMap(({ inputs }) => [...JSON.stringify(inputs).matchAll(NAMES)].map(([, name]) => name)),
  );
  const isSparse = ({ name }: Parameter) =>
    isSparseName(name) || sparse.has(inGraph.get(name) ?? '') || !inGraph.has(name);
  const byMember = [...Map.groupBy(parameters, ({ member }) => member)];
  return Promise.all(
    byMember.map(async ([member, names]) => ({
      name: names[0]?.name ?? '',
      isFinal: true,
      ...(names.some(isSparse) && { isSparse: true as const }),
      source: await member.open(),
      start: 0,
      bytes: member.sizeBytes,
      numbers: fractions(8 * (names[0]?.itemBytes ?? 0)),
    })),
  );
}

/**
 * The tensors of a pickle that a training found, by the storages in the members of `folder`. Two tensors of one storage are one.
 * `hasClasses`: its objects are modules, whose classes say what they do with their parameters; else the names say it, as in a state_dict.
 */
export async function fittedInPickle(
  tensors: readonly TorchTensor[],
  { source, members }: TorchArchive,
  { folder, hasClasses }: { readonly folder: string; readonly hasClasses: boolean },
): Promise<readonly FittedTensor[]> {
  const isSparse = ({ name, holder }: TorchTensor) =>
    isSparseName(name) || (hasClasses && !DENSE_CLASS.test(holder));
  const byStorage = Map.groupBy(
    tensors.filter(({ dtype }) => FRACTIONS.test(dtype)),
    ({ storage }) => storage,
  );
  const found = [...byStorage].map(async ([key, names]): Promise<readonly FittedTensor[]> => {
    const file = members.get(`${folder}/${key}`);
    const [first] = names;
    if (!file || !first || file.sizeBytes === 0) return [];
    const { member } = file;
    // The members of a file that torch wrote are not compressed, so tensors that lie beside each other are read at once.
    const place =
      member && !member.isDeflated
        ? { source, start: member.offset }
        : { source: await file.open(), start: 0 };
    return [
      {
        name: first.name,
        isFinal: true,
        ...(names.some(isSparse) && { isSparse: true as const }),
        ...place,
        bytes: file.sizeBytes,
        numbers: fractions(8 * first.itemBytes),
      },
    ];
  });
  return (await Promise.all(found)).flat();
}
