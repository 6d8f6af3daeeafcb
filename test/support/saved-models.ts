import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelFacts } from '#domain/artifact-facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { bytesSource } from './byte-sources.ts';

export const MODELS: string = join(import.meta.dirname, '..', 'fixtures', 'models');

type Tensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
};

/** What a framework says itself of a model that it saved. */
export type Expected = {
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly requests: readonly {
    readonly protocol: 'infer' | 'invocations';
    readonly body: { readonly inputs?: readonly Tensor[] };
    readonly answer: { readonly outputs?: readonly Tensor[] };
  }[];
};

/** The names of the models of one format. */
export function modelsOf(format: string): readonly string[] {
  return readdirSync(join(MODELS, format), { withFileTypes: true })
    .map(({ name }) => name)
    .filter((name) => !name.endsWith('.expected.json'))
    .sort();
}

export function expectedOf(format: string, name: string): Expected {
  return JSON.parse(readFileSync(join(MODELS, format, `${name}.expected.json`), 'utf8'));
}

export function bytesOf(format: string, name: string): Buffer {
  return readFileSync(join(MODELS, format, name));
}

export function sourceOf(format: string, name: string): ByteSource {
  return bytesSource(bytesOf(format, name));
}

/** The signature which the requests of a model are of: free in their first dimension. */
export function servedSignature({ requests }: Expected): ModelFacts['signature'] | undefined {
  const infer = requests.find(({ protocol }) => protocol === 'infer');
  const free = (tensors: readonly Tensor[] = []) =>
    tensors.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: [-1, ...shape.slice(1)],
    }));
  return (
    infer &&
    JSON.parse(
      JSON.stringify({ inputs: free(infer.body.inputs), outputs: free(infer.answer.outputs) }),
    )
  );
}
