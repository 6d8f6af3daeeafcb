import type { Signature } from './signature.ts';

/** What inspection reads from an artifact's bytes, never by loading it. Sizes in bytes; `parameters` counts the elements of its tensors, `weightBytes` what they take in memory. */
export type ArtifactFacts = {
  readonly format: 'onnx';
  readonly formatVersion: string;
  readonly modelFile: string;
  readonly sizeBytes: number;
  readonly signature: Signature;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly dtypes: readonly string[];
};
