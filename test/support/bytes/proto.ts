import { Writer } from 'protobufjs/minimal.js';

type Content = number | string | Uint8Array | readonly Field[];

/** A field's number and its content: a number is a varint, a list a message. */
export type Field = readonly [number: number, content: Content];

/** The bytes of a protobuf message of any fields, right or wrong. */
export function proto(...fields: readonly Field[]): Uint8Array {
  const writer = Writer.create();
  for (const [number, content] of fields) {
    if (typeof content === 'number') writer.uint32(number * 8).int64(content);
    else writer.uint32(number * 8 + 2).bytes(bytesOf(content));
  }
  return writer.finish();
}

function bytesOf(content: string | Uint8Array | readonly Field[]): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? content : proto(...content);
}
