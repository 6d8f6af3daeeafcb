/** How an opcode's argument is encoded: nothing, fixed-size numbers, a length and that many bytes, lines of text. */
export type Argument =
  | 'none'
  | 'u1'
  | 'u2'
  | 'i4'
  | 'u4'
  | 'u8'
  | 'f8'
  | 'counted1'
  | 'counted4'
  | 'counted8'
  | 'line'
  | 'lines';

export type Opcode = { readonly name: string; readonly argument: Argument };

/** The size in bytes of an argument, or of the length before it. */
export const ARGUMENT_BYTES: Readonly<Record<Argument, number>> = {
  none: 0,
  u1: 1,
  u2: 2,
  i4: 4,
  u4: 4,
  u8: 8,
  f8: 8,
  counted1: 1,
  counted4: 4,
  counted8: 8,
  line: 0,
  lines: 0,
};

// All opcodes of protocols 0 to 5, from Lib/pickletools.py of CPython 3.14: byte, name, argument.
const TABLE = `
  49 INT line | 4a BININT i4 | 4b BININT1 u1 | 4d BININT2 u2 | 4c LONG line
  8a LONG1 counted1 | 8b LONG4 counted4
  53 STRING line | 54 BINSTRING counted4 | 55 SHORT_BINSTRING counted1
  42 BINBYTES counted4 | 43 SHORT_BINBYTES counted1 | 8e BINBYTES8 counted8 | 96 BYTEARRAY8 counted8
  97 NEXT_BUFFER none | 98 READONLY_BUFFER none
  4e NONE none | 88 NEWTRUE none | 89 NEWFALSE none
  56 UNICODE line | 8c SHORT_BINUNICODE counted1 | 58 BINUNICODE counted4 | 8d BINUNICODE8 counted8
  46 FLOAT line | 47 BINFLOAT f8
  5d EMPTY_LIST none | 61 APPEND none | 65 APPENDS none | 6c LIST none
  29 EMPTY_TUPLE none | 74 TUPLE none | 85 TUPLE1 none | 86 TUPLE2 none | 87 TUPLE3 none
  7d EMPTY_DICT none | 64 DICT none | 73 SETITEM none | 75 SETITEMS none
  8f EMPTY_SET none | 90 ADDITEMS none | 91 FROZENSET none
  30 POP none | 32 DUP none | 28 MARK none | 31 POP_MARK none
  67 GET line | 68 BINGET u1 | 6a LONG_BINGET u4 | 70 PUT line | 71 BINPUT u1 | 72 LONG_BINPUT u4 | 94 MEMOIZE none
  82 EXT1 u1 | 83 EXT2 u2 | 84 EXT4 i4
  63 GLOBAL lines | 93 STACK_GLOBAL none | 52 REDUCE none | 62 BUILD none | 69 INST lines | 6f OBJ none
  81 NEWOBJ none | 92 NEWOBJ_EX none
  80 PROTO u1 | 2e STOP none | 95 FRAME u8 | 50 PERSID line | 51 BINPERSID none`;

/** The opcodes by their byte; undefined for bytes that are not opcodes. */
export const OPCODES: readonly (Opcode | undefined)[] = parsed();

function parsed(): readonly (Opcode | undefined)[] {
  const opcodes = new Array<Opcode | undefined>(256).fill(undefined);
  for (const [, code = '', name = '', argument = ''] of TABLE.matchAll(
    /([0-9a-f]{2}) (\w+) (\w+)/g,
  )) {
    if (isArgument(argument)) opcodes[Number.parseInt(code, 16)] = { name, argument };
  }
  return opcodes;
}

function isArgument(text: string): text is Argument {
  return Object.hasOwn(ARGUMENT_BYTES, text);
}
