import { Lexer } from 'yaml';

// A YAML parser takes about 3 KB per level.
const MAX_DEPTH = 64;

// The lexer emits these before the token they describe; they are not part of the text.
const MARKS: readonly string[] = ['\x02', '\x18', '\x1f'];
// Each begins another list or map within a line; within brackets they separate keys from values.
const INDICATORS: readonly string[] = ['-', '?', ':'];
const SCALAR = '\x1f';

/**
 * The line, from 1, at which lists and maps nest more than 64 deep by brackets or within one line; undefined when there is no such line.
 * The tokens alone show it, before anything is parsed. Indentation nests a text of 256 KiB at most 724 deep.
 */
export function tooDeepLine(text: string): number | undefined {
  let [brackets, inLine, at] = [0, 0, 0];
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    const isText = isScalar;
    isScalar = token === SCALAR;
    if (MARKS.includes(token)) continue;
    at += token.length;
    if (isText) continue;
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    else if (brackets === 0 && INDICATORS.includes(token)) inLine += 1;
    else if (token.includes('\n')) inLine = 0;
    if (brackets > MAX_DEPTH || inLine > MAX_DEPTH) {
      return text.slice(0, at).split('\n').length;
    }
  }
  return undefined;
}
