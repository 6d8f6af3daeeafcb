import { createRequire } from 'node:module';
import { asTyped, COMMAND } from '../typed.ts';

const require = createRequire(import.meta.url);

const UNKNOWN_WIDTH = 80;

/** The columns of the terminal, or what fits in most where it is none. */
export function terminalWidth(): number {
  return process.stdout.columns ?? UNKNOWN_WIDTH;
}

// A fifth of the time that a short command takes would go by in loading string-width, which plain ASCII can do without.
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const { default: stringWidth }: typeof import('string-width') = require('string-width');
  return stringWidth(text);
}

/** A text cut to at most `width` columns of a terminal, of which a letter of Chinese takes two. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (widthOf(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** A text in lines of at most `width` columns, all but the first indented, with its commands as they have to be typed. A word that is wider stays whole, as an address has to; so does the begin of a command. */
export function wrapped(
  text: string,
  width: number,
  indent: string,
  command = COMMAND,
): readonly string[] {
  const lines: string[] = [];
  let line = '';
  // A word has the space before it, of which there may be two.
  for (const [word] of text.matchAll(/\s*(?:\S*`slipway )?\S+/g)) {
    const typed = asTyped(word, command);
    const longer = `${line}${typed}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = `${indent}${typed.trimStart()}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

const NOTE = ' '.repeat(4);

/**
 * A line of a view as it fits a terminal of so many columns, if it is for one: what is too long goes on below where its last column begins, which has lines of its own where it begins in the right half.
 * Indented lines, such as YAML to paste, stay whole. Commands are printed as they have to be typed.
 */
export function fitted(line: string, columns: number | undefined): readonly string[] {
  const typed = asTyped(line);
  if (columns === undefined || widthOf(typed) <= columns || /^ {4}(?! *→)/.test(line)) {
    return [typed];
  }
  const begins = [...line.matchAll(/(?:\S {2,}|^ +→ )(?=\S)/g)].map(
    ({ index, 0: gap }) => index + gap.length,
  );
  const last = begins.at(-1) ?? 0;
  if (last <= columns / 2) return wrapped(line, columns, ' '.repeat(last));
  const before = wrapped(line.slice(0, last).trimEnd(), columns, NOTE);
  return [...before, ...wrapped(`${NOTE}${line.slice(last)}`, columns, NOTE)];
}
