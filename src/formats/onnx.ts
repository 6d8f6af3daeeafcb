import type { Signature } from '#domain/signature.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { locate, type NamedFile } from './external-data.ts';
import { refuseOtherFormats } from './known-formats.ts';
import { type Opset, readModel } from './onnx-model.ts';
import { refuseUnservable } from './onnx-rules.ts';
import { signatureOf } from './onnx-signature.ts';
import { openWire } from './protobuf-walk.ts';
import { rejected } from './rejected.ts';

/**
 * What an ONNX file says of itself. `parameters` counts the elements of its tensors, `weightBytes` what they take in memory.
 * `dtypes` has the protocol's names, or ONNX's where it has none; both lists of names are sorted.
 */
export type OnnxFacts = {
  readonly format: 'onnx';
  readonly formatVersion: string;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: readonly Opset[];
  readonly operatorDomains: readonly string[];
  readonly signature: Signature;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly dtypes: readonly string[];
  readonly externalData: readonly {
    readonly location: string;
    readonly offset: number;
    readonly length?: number;
  }[];
};

// A random forest of 3 million nodes keeps them in attributes, 180 MB which have to be read to be skipped.
const LIMITS = { readBytes: 256 * 2 ** 20, messages: 1_000_000, contentBytes: 32 * 2 ** 20 };

// The facts travel in the workflow's state, which Step Functions limits to 256 KiB.
const MAX_FACTS_BYTES = 64 * 1024;

// protobuf reads no message of 2 GiB or more.
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX model's facts without loading it: what is skipped is not read.
 * `file` is its name in the artifact, `files` all of the artifact. Fails with `ArtifactRejected`.
 */
export async function inspectOnnx(
  source: ByteSource,
  file: string,
  files: readonly NamedFile[],
): Promise<OnnxFacts> {
  ...
}
