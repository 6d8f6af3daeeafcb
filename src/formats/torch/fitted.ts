import * as z from 'zod/mini';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { type FittedTensor, fractions, isSparseName } from '#formats/bytes/tensor-prints.ts';

/** Operators by which a training changes all of a parameter: others may take only some of its rows, as an embedding does. */
const DENSE =
  /^torch\.ops\.aten\.(linear|conv[123]d|convolution|conv_transpose[123]d|layer_norm|native_layer_norm|group_norm|batch_norm|_native_batch_norm_legit_no_training|rms_norm)\b/;

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
