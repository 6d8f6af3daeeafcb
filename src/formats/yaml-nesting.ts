import { Lexer } from 'yaml';

// A parser of YAML takes 3 KB for each level.
const MAX_DEPTH = 64;

// Stand before what follows them in the text, and are not of it themselves.
const MARKS: readonly string[] = ['\x02', '\x18', '\x1f'];
const SCALAR = '\x1f';

/**
 * The line, from 1 on, at which lists and maps are written in one another, by brackets or within a line, more than 64 deep; undefined where none are.
 * Told by the tokens alone, before anything is made of them. By indentation alone a text of 256 KiB is no deeper than 724.
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
    else if (token === '-' || token === '?' || token === ':') inLine += 1;
    else if (token.includes('\n')) inLine = 0;
    if (brackets > MAX_DEPTH || (brackets === 0 && inLine > MAX_DEPTH)) {
      return text.slice(0, at).split('\n').length;
    }
  }
  return undefined;
}
