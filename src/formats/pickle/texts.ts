import { Failure } from '#domain/failure.ts';
import type { Print } from '#formats/bytes/weight-print.ts';
import { fewBytes } from './few-elements.ts';
import { forwardSource } from './forward-source.ts';
import { BOOSTER_HEAD_BYTES, boosterBegins, type Library, readBooster } from './held-boosters.ts';
import { damaged, hostile, PICKLE_LIMITS, type PickleMachine, push, tooMuch } from './machine.ts';
import { passBytesOf } from './prints.ts';
import { NO_TYPE, OPAQUE, SOME_BYTES, type Value } from './values.ts';

// A longer text is not the name of a class, column or parameter.
const LONGEST_TEXT = 256;
const LONGEST_NUMBER = 1024;
const LONGEST_SCALAR = 16;
const LARGEST_INNER = 64 * 1024;
const PICKLE_HEAD = 2;

/** Pushes a string of `length` bytes; only a short one keeps its value. */
export function pushText(machine: PickleMachine, length: number): Promise<void> | void {
  refuseImpossible(machine, length);
  if (length > LONGEST_TEXT) return passText(machine, length);
  const coming = machine.input.need(length);
  if (coming) return coming.then(() => takeText(machine, length));
  takeText(machine, length);
}

function takeText(machine: PickleMachine, length: number): void {
  const text = machine.input.text(length);
  if (text === undefined) throw damaged(machine, 'has a string that is not UTF-8');
  push(machine, kept(machine, text));
}

async function passText(machine: PickleMachine, length: number): Promise<void> {
  const passed = await passOver(machine, length);
  push(machine, passed.booster ? { kind: 'opaque', ...passed } : OPAQUE);
}

/** Passes over bytes that are too many to keep. A model of another library inside is read as that library reads it. */
async function passOver(
  machine: PickleMachine,
  length: number,
): Promise<{ readonly booster?: Library; readonly print?: Print }> {
  const { input } = machine;
  await input.need(Math.min(length, BOOSTER_HEAD_BYTES));
  const library = boosterBegins(input.peek(BOOSTER_HEAD_BYTES));
  if (library) return passBooster(machine, length, library);
  const print = await passBytesOf(machine, length);
  return print ? { print } : {};
}

async function passBooster(machine: PickleMachine, length: number, library: Library) {
  const { input, tally } = machine;
  const source = forwardSource(input, length);
  try {
    const read = await readBooster(source, `the model in ${input.file}`, library);
    tally.boosters.push(read);
    tally.weightBytes += length;
    return { booster: library, ...(read.print && { print: read.print }) };
  } catch (error) {
    // Whether it is used as a model at all depends on where it is put.
    if (!(error instanceof Failure)) throw error;
    tally.unread = error;
    return {};
  } finally {
    await source.end();
  }
}

function kept(machine: PickleMachine, text: string): string {
  machine.tally.textBytes += text.length;
  if (machine.tally.textBytes > PICKLE_LIMITS.textBytes) throw tooMuch(machine, 'textBytes');
  return text;
}

/** Pushes bytes. If they are themselves a pickle, they are scanned, whatever their purpose. */
export function pushBytes(machine: PickleMachine, length: number): Promise<void> | void {
  const { input } = machine;
  refuseImpossible(machine, length);
  const coming = input.need(Math.min(length, LONGEST_SCALAR));
  if (coming) return coming.then(() => takeBytes(machine, length));
  return takeBytes(machine, length);
}

function takeBytes(machine: PickleMachine, length: number): Promise<void> | void {
  const { input } = machine;
  const isPickle = length >= PICKLE_HEAD && input.isPickle();
  if (length > LONGEST_SCALAR && !isPickle) return passBytes(machine, length);
  push(machine, length > LONGEST_SCALAR ? SOME_BYTES : scalarOf(machine, input.peek(length)));
  if (isPickle) return lookInside(machine, length);
  input.bytes(length);
}

async function passBytes(machine: PickleMachine, length: number): Promise<void> {
  const few = await fewBytes(machine, length);
  push(machine, { ...SOME_BYTES, ...(few && { few }), ...(await passOver(machine, length)) });
}

async function lookInside(
  { input, lookInside: look }: PickleMachine,
  length: number,
): Promise<void> {
  const heldBytes = Math.min(length, LARGEST_INNER);
  await input.need(heldBytes);
  await look(Uint8Array.from(input.bytes(heldBytes)));
  await input.skip(length - heldBytes);
}

function scalarOf(machine: PickleMachine, head: string): Value {
  if (head === NO_TYPE.head) return NO_TYPE;
  if (machine.tally.nodes > PICKLE_LIMITS.nodes / 2) return SOME_BYTES;
  machine.tally.nodes += 1;
  return { kind: 'bytes', head };
}

/** A little-endian integer of any size; integers that JavaScript cannot represent exactly are not distinguished. */
export async function pushLong(machine: PickleMachine, length: number): Promise<void> {
  refuseImpossible(machine, length);
  if (length > LONGEST_NUMBER) throw hostile(machine, `has a number of ${length} bytes`);
  const coming = machine.input.need(length);
  if (coming) await coming;
  const bytes = machine.input.bytes(length);
  if (length > 8) {
    push(machine, OPAQUE);
    return;
  }
  const unsigned = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  push(machine, exact(BigInt.asIntN(8 * length, unsigned)));
}

function exact(value: bigint): Value {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : OPAQUE;
}

export async function pushInteger(machine: PickleMachine): Promise<void> {
  const text = (await numberLine(machine)).replace(/L$/, '');
  // One of Python's readers takes a leading zero for octal, and a two-character number for a boolean.
  if (!/^(0|-?[1-9]\d*|0[01])$/.test(text)) throw damaged(machine, 'has an invalid number');
  if (text === '00' || text === '01') push(machine, text === '01');
  else push(machine, exact(BigInt(text)));
}

export async function pushFloat(machine: PickleMachine): Promise<void> {
  const text = await numberLine(machine);
  if (!/^[+-]?(\d[\d.e+-]*|\.\d[\de+-]*|inf|nan)$/i.test(text)) {
    throw damaged(machine, 'has an invalid number');
  }
  push(machine, Number(text.replace(/inf/i, 'Infinity')));
}

/** Decodes Unicode escapes in an otherwise Latin-1 line; a quoted string with escapes is not read, since Python 3 writes none. */
export async function pushLine(machine: PickleMachine, isQuoted: boolean): Promise<void> {
  const line = await machine.input.line(LONGEST_TEXT, isQuoted ? 'utf8' : 'latin1');
  const text = isQuoted ? unquoted(machine, line) : line?.replaceAll(UNICODE_ESCAPE, unescaped);
  push(machine, text === undefined ? OPAQUE : kept(machine, text));
}

// An escaped backslash does not begin an escape.
const UNICODE_ESCAPE = /(?<=(?<!\\)(?:\\\\)*)\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g;

function unescaped(written: string, short = '', long = ''): string {
  const code = Number.parseInt(short || long, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : written;
}

function unquoted(machine: PickleMachine, line: string | undefined): string | undefined {
  if (line === undefined) return undefined;
  const text = /^(['"])(.*)\1[ \r\t]*$/s.exec(line)?.[2];
  if (text === undefined) throw damaged(machine, 'has a string without quotes');
  return text.includes('\\') ? undefined : text;
}

export async function nameLine(machine: PickleMachine): Promise<string> {
  const line = await machine.input.line(LONGEST_TEXT);
  if (line === undefined) throw damaged(machine, `has a name of more than ${LONGEST_TEXT} bytes`);
  return line;
}

export async function indexLine(machine: PickleMachine): Promise<number> {
  const line = await numberLine(machine);
  if (!/^\d{1,10}$/.test(line)) throw damaged(machine, 'has an invalid number');
  return Number(line);
}

async function numberLine(machine: PickleMachine): Promise<string> {
  const line = await machine.input.line(LONGEST_NUMBER);
  if (line === undefined)
    throw hostile(machine, `has a number of more than ${LONGEST_NUMBER} digits`);
  return line;
}

function refuseImpossible(machine: PickleMachine, length: number): void {
  if (!(length >= 0)) throw damaged(machine, 'has an invalid length');
  if (length > Number.MAX_SAFE_INTEGER) throw tooMuch(machine, 'textBytes');
}
