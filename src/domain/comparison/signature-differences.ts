import {
  DATATYPES,
  type Datatype,
  type Signature,
  type TensorSpec,
} from '#domain/artifact/signature.ts';
import { breaking, type Difference, harmless, listed, quoted, when } from './difference.ts';
import { type ExpectedLabels, labelDifferences } from './label-differences.ts';

const WHOLE: readonly Datatype[] = DATATYPES.filter((datatype) => datatype.includes('INT'));

/** The datatypes of requests that both model servers take for an input, besides its own: those of clients that keep numbers in less precision. */
const ALSO_TAKEN: Readonly<Partial<Record<Datatype, readonly Datatype[]>>> = {
  FP64: ['FP32', 'FP16', ...WHOLE],
  FP32: ['FP16', ...WHOLE],
};

/** The differences that clients of the version before find, as they send requests and read answers. */
export function signatureDifferences(
  before: Signature,
  after: Signature,
  expected: ExpectedLabels = {},
): readonly Difference[] {
  return [...inputDifferences(before, after), ...outputDifferences(before, after, expected)];
}

function inputDifferences(before: Signature, after: Signature): readonly Difference[] {
  const gone = missing(before.inputs, after.inputs);
  const added = missing(after.inputs, before.inputs);
  const [required, optional] = [
    added.filter(({ isOptional }) => !isOptional),
    added.filter(({ isOptional }) => isOptional),
  ];
  const [oldNames, newNames] = [names(before.inputs), names(after.inputs)];
  const hasMoved =
    gone.length === 0 && added.length === 0 && oldNames.join('\n') !== newNames.join('\n');
  return [
    ...when(gone.length > 0, breaking(`it no longer takes the input ${listed(names(gone))}`)),
    ...when(
      required.length > 0,
      breaking(`it needs the input ${listed(names(required))}, which no request of before has`),
    ),
    ...when(optional.length > 0, harmless(`it also takes the input ${listed(names(optional))}`)),
    ...when(
      hasMoved,
      breaking(
        `its inputs are in another order: ${listed(newNames)}; before: ${listed(oldNames)}; a row without names is read wrong`,
      ),
    ),
    ...both(before.inputs, after.inputs).flatMap(([theirs, own]) => inputDifference(theirs, own)),
  ];
}

function inputDifference(theirs: TensorSpec, own: TensorSpec): readonly Difference[] {
  const name = `the input ${quoted(own.name)}`;
  const takes = [own.datatype, ...(ALSO_TAKEN[own.datatype] ?? [])];
  return [
    ...when(
      !takes.includes(theirs.datatype),
      breaking(`${name} takes ${own.datatype}; before: ${theirs.datatype}`),
    ),
    ...when(
      !holdsShape(own, theirs),
      breaking(`${name} takes the shape ${shape(own)}; before: ${shape(theirs)}`),
    ),
    ...when(
      theirs.isOptional === true && !own.isOptional,
      breaking(`${name} may no longer be left out`),
    ),
  ];
}

function outputDifferences(
  before: Signature,
  after: Signature,
  expected: ExpectedLabels,
): readonly Difference[] {
  // A format that describes inputs alone says nothing of its outputs.
  if (before.outputs.length === 0 || after.outputs.length === 0) return [];
  const gone = missing(before.outputs, after.outputs);
  const added = missing(after.outputs, before.outputs);
  return [
    ...when(gone.length > 0, breaking(`it no longer answers the output ${listed(names(gone))}`)),
    ...when(added.length > 0, harmless(`it also answers the output ${listed(names(added))}`)),
    ...both(before.outputs, after.outputs).flatMap(([theirs, own]) =>
      outputDifference(theirs, own, expected),
    ),
  ];
}

function outputDifference(
  theirs: TensorSpec,
  own: TensorSpec,
  expected: ExpectedLabels,
): readonly Difference[] {
  const name = `the output ${quoted(own.name)}`;
  const labels = labelDifferences(theirs.classes ?? [], own.classes ?? [], name, expected);
  const weighed = kindOf(own.datatype) === kindOf(theirs.datatype) ? harmless : breaking;
  return [
    ...labels,
    ...when(
      own.datatype !== theirs.datatype,
      weighed(`${name} is ${own.datatype}; before: ${theirs.datatype}`),
    ),
    // Other classes change the shape too, and say it better.
    ...when(
      labels.length === 0 && !holdsShape(theirs, own),
      breaking(`${name} has the shape ${shape(own)}; before: ${shape(theirs)}`),
    ),
  ];
}

/** Whether every tensor of the shape of `narrow` has the shape of `wide` too. */
function holdsShape(wide: TensorSpec, narrow: TensorSpec): boolean {
  if (wide.isUnranked) return true;
  if (narrow.isUnranked || wide.shape.length !== narrow.shape.length) return false;
  return wide.shape.every((dim, index) => dim < 0 || dim === narrow.shape[index]);
}

function kindOf(datatype: Datatype): 'text' | 'truth' | 'whole' | 'number' {
  if (datatype === 'BYTES') return 'text';
  if (datatype === 'BOOL') return 'truth';
  return WHOLE.includes(datatype) ? 'whole' : 'number';
}

function missing(of: readonly TensorSpec[], among: readonly TensorSpec[]): readonly TensorSpec[] {
  const there = new Set(names(among));
  return of.filter(({ name }) => !there.has(name));
}

function both(
  before: readonly TensorSpec[],
  after: readonly TensorSpec[],
): readonly (readonly [TensorSpec, TensorSpec])[] {
  const byName = new Map(after.map((spec) => [spec.name, spec]));
  return before.flatMap((theirs) => {
    const own = byName.get(theirs.name);
    return own ? [[theirs, own] as const] : [];
  });
}

function names(specs: readonly TensorSpec[]): readonly string[] {
  return specs.map(({ name }) => name);
}

function shape({ shape: dims, isUnranked }: TensorSpec): string {
  return isUnranked ? 'any' : `[${dims.map((dim) => (dim < 0 ? 'any' : dim)).join(', ')}]`;
}
