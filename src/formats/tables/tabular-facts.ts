import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import {
  classesOf,
  type Datatype,
  type Signature,
  type TensorSpec,
} from '#domain/artifact/signature.ts';
import { rejected } from '#formats/rejected.ts';

/** A tabular model's input: this many numbers, or named columns, some of which hold text. */
export type Columns = {
  readonly features: number;
  readonly names: readonly string[] | null;
  readonly texts?: ReadonlySet<string>;
};

/** The answer for each row: one of `classes` with probabilities, or `values` numbers. */
export type Answers =
  | {
      readonly classes: number;
      readonly label: Datatype;
      readonly labels?: readonly string[];
      readonly probabilities?: Datatype;
      /** Multilabel: a row may have any subset of the labels. */
      readonly areTogether?: boolean;
    }
  | { readonly values: number; readonly prediction: Datatype };

// The facts are kept in the registry, where DynamoDB limits an item to 400 KB.
const MAX_SIGNATURE_BYTES = 64 * 1024;
const MIB = 2 ** 20;

// Resident memory after the import and its dependencies, measured on CPython 3.11; the model server takes 30 MiB more.
const IMPORTS_MIB: Readonly<Record<string, number>> = {
  catboost: 135,
  lightgbm: 200,
  pandas: 80,
  skops: 200,
  xgboost: 190,
};

/** A matrix called `input`, or an input for each named column; `label` and `probabilities`, or `prediction`. */
export function tabularSignature(file: string, columns: Columns, answers: Answers): Signature {
  return named(file, { inputs: inputsOf(columns), outputs: outputsOf(answers) });
}

/** A list of strings called `input`, which the model splits into words. */
export function textSignature(file: string, answers: Answers): Signature {
  const inputs: readonly TensorSpec[] = [{ name: 'input', datatype: 'BYTES', shape: [-1] }];
  return named(file, { inputs, outputs: outputsOf(answers) });
}

function named(file: string, signature: Signature): Signature {
  const signatureBytes = Buffer.byteLength(JSON.stringify(signature));
  if (signatureBytes <= MAX_SIGNATURE_BYTES) return signature;
  throw rejected(
    `${file} names its inputs in ${signatureBytes} bytes; the limit is ${MAX_SIGNATURE_BYTES}`,
    `Train it without feature names, such as \`fit(X.to_numpy(), y)\`, and its rows are lists of numbers; or put it in a folder of its own, run \`slipway inspect FOLDER --write-predict\`, and upload that folder, whose rows have names too.`,
  );
}

function inputsOf({ features, names, texts }: Columns): readonly TensorSpec[] {
  if (!names) return [{ name: 'input', datatype: 'FP64', shape: [-1, features] }];
  return names.map((name) => ({
    name,
    datatype: texts?.has(name) ? 'BYTES' : 'FP64',
    shape: [-1],
  }));
}

function outputsOf(answers: Answers): readonly TensorSpec[] {
  if ('values' in answers) {
    const { values, prediction } = answers;
    return [{ name: 'prediction', datatype: prediction, shape: values > 1 ? [-1, values] : [-1] }];
  }
  const { classes, label, labels = [], probabilities, areTogether } = answers;
  const shape = areTogether ? [-1, classes] : [-1];
  const chosen: TensorSpec = { name: 'label', datatype: label, shape };
  if (!probabilities) return [chosen];
  const shares: TensorSpec = {
    name: 'probabilities',
    datatype: probabilities,
    shape: [-1, classes],
  };
  return [chosen, { ...shares, ...classesOf(labels) }];
}

/** The memory of a Python process that serves the model. */
export function tabularMemory(
  framework: string,
  weightBytes: number,
  takesColumns: boolean,
): readonly MemoryTerm[] {
  const imports = (name: string) => ({
    name: `${name} and its imports`,
    bytes: (IMPORTS_MIB[name] ?? 200) * MIB,
  });
  return [
    { name: 'weights', bytes: weightBytes },
    imports(framework),
    ...(takesColumns ? [imports('pandas')] : []),
  ];
}
