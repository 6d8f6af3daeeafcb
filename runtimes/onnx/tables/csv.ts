import { refusal } from '../refusal.ts';

/** Lines of cells as in RFC 4180, without empty lines. Refuses with 400 a quoted cell that is unterminated or followed by text. */
export function readCsv(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n][^,\r\n]*|))(,|\r\n|\n|\r|$)/y;
  let line: string[] = [];
  while (cell.lastIndex < text.length || line.length > 0) {
    const at = cell.lastIndex;
    const found = cell.exec(text);
    if (!found) {
      throw refusal(400, `the body is not CSV that can be read: the cell at character ${at}`);
    }
    const [, quoted, plain = '', end] = found;
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    if (line.length > 1 || line[0] !== '' || quoted !== undefined) lines.push(line);
    line = [];
  }
  return lines;
}
