import { failureName } from '#domain/failure.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { memorySource } from '#formats/bytes/memory-source.ts';
import { bytes, type Field, openWire } from '#formats/bytes/protobuf-walk.ts';

/** Where TensorFlow wrote a tensor of one string: a part of a file of variables. */
export type WrittenString = {
  readonly file: ArtifactFile;
  readonly start: number;
  readonly bytes: number;
};

// The fields of trackable_object_graph.proto.
// https://github.com/tensorflow/tensorflow/tree/v2.21.0/tensorflow/core/protobuf
const GRAPH = { node: bytes(1) };
const NODE = { attribute: bytes(2) };
const ATTRIBUTE = { fullName: bytes(2), key: bytes(3) };
// A list takes some 200 bytes for a variable.
const MAX_BYTES = 4 * 2 ** 20;
const LIMITS = { readBytes: 2 * MAX_BYTES, messages: 100_000, contentBytes: MAX_BYTES };
// A tensor of one string is its length as a varint, a checksum of this length, and the text.
const LONGEST_VARINT = 10;
const CHECKSUM_BYTES = 4;

/**
 * The full names of variables by the names that the index has for them, such as `embedding/embeddings` for `variables/0/…`: the list of a checkpoint, from which nothing is built here.
 * Empty where the list is too large, or is not in the form that TensorFlow writes: nothing but the names is read from it.
 */
export async function variableNames({
  file,
  start,
  bytes,
}: WrittenString): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  if (bytes > MAX_BYTES) return names;
  const written = Buffer.from(await (await file.open()).read(start, bytes));
  const lengthBytes = written.subarray(0, LONGEST_VARINT).findIndex((byte) => byte < 0x80) + 1;
  const text = written.subarray(lengthBytes + CHECKSUM_BYTES);
  const wire = openWire(memorySource(text), file.name, LIMITS);
  try {
    await wire.each(wire.root, {
      [GRAPH.node]: (node) =>
        wire.each(node, {
          [NODE.attribute]: async (attribute) => {
            // A field may be there again and again: the last one counts, and no other is decoded.
            const last: { fullName?: Field; key?: Field } = {};
            await wire.each(attribute, {
              [ATTRIBUTE.fullName]: (field) => {
                last.fullName = field;
              },
              [ATTRIBUTE.key]: (field) => {
                last.key = field;
              },
            });
            if (!last.fullName || !last.key) return;
            names.set(await wire.text(last.key), await wire.text(last.fullName));
          },
        }),
    });
  } catch (error) {
    if (failureName(error) === 'ArtifactRejected') return new Map();
    throw error;
  }
  return names;
}
