import type { Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { sized, zero } from '#domain/rollout/golden-request.ts';

const MOST_VALUES = 16;
const MOST_INPUTS = 20;

/**
 * The lines of an example for `model.yaml`, to be filled in: one input per line, all zeros; only the form when `signature` is null.
 * It writes at most 20 inputs, and at most 16 values of each, with the number that each needs.
 */
export function exampleSkeleton(signature: Signature | null): readonly string[] {
  if (!signature) return ['examples:', '  - request: { instances: [] }  # what your clients send'];
  const inputs = sized(signature, 1);
  const left = inputs.length - MOST_INPUTS;
  return [
    'examples:',
    '  - request:',
    '      inputs:',
    ...inputs.slice(0, MOST_INPUTS).map((input) => `        - ${inputLine(input)}`),
    ...(left > 0 ? [`        # and ${left} more inputs`] : []),
  ];
}

/** JSON strings and arrays are valid YAML. */
function inputLine({ name, datatype, shape }: TensorSpec): string {
  const values = shape.reduce((product, dim) => product * dim, 1);
  const shown = new Array<string>(Math.min(values, MOST_VALUES));
  const data = shown.fill(JSON.stringify(zero(datatype))).join(', ');
  const input = `{ name: ${JSON.stringify(name)}, datatype: ${datatype}, shape: [${shape.join(', ')}], data: [${data}] }`;
  return values > MOST_VALUES ? `${input}  # ${values} values in all` : input;
}
