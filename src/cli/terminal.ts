import { stripVTControlCharacters } from 'node:util';

// Characters that a terminal acts on (C0, DEL and C1, but line ends and tabs), that reorder the text around them, and line ends that no terminal counts.
const ACTED_ON = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A text without escape sequences, in which every other character that a terminal would act on is shown as its escape, such as `\x07` or `\u202e`. Line ends and tabs stay. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(ACTED_ON, (character) => escaped(character));
}

/** The same for one line: a line end in it is shown as `\n`, so that no name can add lines. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', String.raw`\n`);
}

/** JSON in one line, in which what a terminal would act on is escaped as JSON escapes it: a parser reads the same value. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(ACTED_ON, (character) => `\\u${hex(character, 4)}`);
}

/** Writes text to standard output; see `printable`. */
export function tell(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** Writes text for a person to standard error; see `printable`. */
export function warn(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Writes a value to standard output as a line of JSON; see `printableJson`. */
export function tellJson(value: unknown): void {
  process.stdout.write(`${printableJson(value)}\n`);
}

/** Writes what a model answered: as it is where a program reads it, printable where a person does. */
export function tellAnswer(text: string): void {
  process.stdout.write(`${process.stdout.isTTY ? printable(text) : text}\n`);
}

function escaped(character: string): string {
  const isByte = character <= '\u00ff';
  return isByte ? `\\x${hex(character, 2)}` : `\\u${hex(character, 4)}`;
}

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0');
}
