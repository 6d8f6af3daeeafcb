import { type Field, proto } from '../bytes/proto.ts';

const FLOAT = 1;

/** Parts of a ModelProto by their field numbers, so that a test can write any model, also one that no exporter would. */
export const IR_8: Field = [1, 8];
export const OPSET_17: Field = [8, [[2, 17]]];
export const IDENTITY = node('Identity');
export const X: Field = [11, value('x', tensorType(FLOAT, [3]))];
export const Y: Field = [12, value('y', tensorType(FLOAT, [3]))];

/** A whole model of IR version 8 and operator set 17, whose graph has `fields` and no others. */
export function modelOf(...fields: readonly Field[]): Uint8Array {
  return proto(IR_8, [7, fields], OPSET_17);
}

export function node(operator: string, ...more: readonly Field[]): Field {
  return [1, [[4, operator], ...more]];
}

export function value(name: string, type: readonly Field[]): readonly Field[] {
  return [
    [1, name],
    [2, type],
  ];
}

/** A TypeProto of a tensor; -1 is a free dimension, undefined no shape at all. */
export function tensorType(element: number, shape?: readonly number[]): readonly Field[] {
  const dims = shape?.map((size): Field => [1, size < 0 ? [[2, 'n']] : [[1, size]]]);
  return [
    [
      1,
      dims
        ? [
            [1, element],
            [2, dims],
          ]
        : [[1, element]],
    ],
  ];
}

/** A TensorProto with the name, element type and dimensions given, and any other fields. */
export function tensor(
  name: string,
  element: number,
  dims: readonly number[],
  ...more: readonly Field[]
): readonly Field[] {
  return [...dims.map((dim): Field => [1, dim]), [2, element], [8, name], ...more];
}
