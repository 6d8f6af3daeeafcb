import type { Span } from '#formats/bytes/byte-window.ts';
import { bytes, varint, type Wire } from '#formats/bytes/protobuf-walk.ts';

/** An input or output as the file declares it: a tensor, or else `kind` says what it is. `shape` is undefined when any shape will do. */
export type Value = {
  name: string;
  kind: 'tensor' | 'sequence' | 'map' | 'opaque value' | 'sparse tensor' | 'optional' | 'untyped';
  elementType: number;
  shape: number[] | undefined;
};

const FREE = -1;

/** Reads a ValueInfoProto. In its shape, -1 is a free dimension, named or not. */
export async function readValue(wire: Wire, message: Span): Promise<Value> {
  const value: Value = { name: '', kind: 'untyped', elementType: 0, shape: undefined };
  const be = (kind: Value['kind']) => () => {
    value.kind = kind;
  };
  await wire.each(message, {
    [bytes(1)]: async (field) => {
      value.name = await wire.text(field);
    },
    [bytes(2)]: (type) =>
      wire.each(type, {
        [bytes(1)]: (tensor) => {
          value.kind = 'tensor';
          return readTensorType(wire, tensor, value);
        },
        [bytes(4)]: be('sequence'),
        [bytes(5)]: be('map'),
        [bytes(7)]: be('opaque value'),
        [bytes(8)]: be('sparse tensor'),
        [bytes(9)]: be('optional'),
      }),
  });
  return value;
}

function readTensorType(wire: Wire, message: Span, value: Value): Promise<void> {
  return wire.each(message, {
    [varint(1)]: (field) => {
      value.elementType = field.value;
    },
    [bytes(2)]: (shape) => {
      const dims: number[] = [];
      value.shape = dims;
      return wire.each(shape, {
        [bytes(1)]: async (dim) => {
          dims.push(await readDim(wire, dim));
        },
      });
    },
  });
}

async function readDim(wire: Wire, message: Span): Promise<number> {
  let size = FREE;
  await wire.each(message, {
    [varint(1)]: (field) => {
      size = Math.max(field.value, FREE);
    },
  });
  return size;
}
