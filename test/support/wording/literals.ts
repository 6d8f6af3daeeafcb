import ts from 'typescript';

/** A text of a program: `{}` stands where it has a value, and texts that Python joins are one. `at` and `end` are its place. */
export type Literal = { readonly at: number; readonly end: number; readonly text: string };

/** A call of `worded`: the name of the message, and the number of its values. */
export type Call = { readonly name: string; readonly values: number };

/** The texts of a file in TypeScript, without comments and types. */
export function literalsOf(source: string): readonly Literal[] {
  return nodesOf(source).flatMap((node) => {
    const place = { at: node.getStart(), end: node.end };
    if (ts.isStringLiteralLike(node)) return [{ ...place, text: node.text }];
    if (!ts.isTemplateExpression(node)) return [];
    const parts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
    return [{ ...place, text: parts.join('{}') }];
  });
}

export function callsOf(source: string): readonly Call[] {
  return nodesOf(source).flatMap((node) => {
    if (!ts.isCallExpression(node) || node.expression.getText() !== 'worded') return [];
    const [name, ...values] = node.arguments;
    return name && ts.isStringLiteral(name) ? [{ name: name.text, values: values.length }] : [];
  });
}

function nodesOf(source: string): readonly ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true));
  return found;
}

const BEGINS = /(?<![\w'"])(?<prefix>[rbfu]{0,2})(?<quote>"""|'''|"|')/iy;

/** The texts of a file in Python, without comments and docstrings. Values in a text have no quotes like its own, as before Python 3.12. */
export function pythonLiteralsOf(source: string): readonly Literal[] {
  const found: Literal[] = [];
  for (let at = 0; at < source.length; at += 1) {
    if (source[at] === '#') at = source.indexOf('\n', at);
    if (at === -1) break;
    BEGINS.lastIndex = at;
    const { prefix = '', quote } = BEGINS.exec(source)?.groups ?? {};
    if (quote === undefined) continue;
    const { end, text } = pythonText(source, at + prefix.length + quote.length, prefix, quote);
    const last = found.at(-1);
    const isJoined = last && /^\s*$/.test(source.slice(last.end, at));
    if (isJoined) found[found.length - 1] = { ...last, end, text: last.text + text };
    else if (quote.length === 1) found.push({ at, end, text });
    at = end - 1;
  }
  return found;
}

function pythonText(source: string, from: number, prefix: string, quote: string) {
  const hasValues = /f/i.test(prefix);
  let text = '';
  let at = from;
  while (!source.startsWith(quote, at)) {
    if (at >= source.length) throw new Error(`a text has no end: ${source.slice(from, from + 40)}`);
    const isValue = hasValues && source[at] === '{' && source[at + 1] !== '{';
    const next = isValue ? endOfValue(source, at) : at + (isPair(source, at, hasValues) ? 2 : 1);
    text += isValue ? '{}' : source.slice(next - 1, next);
    at = next;
  }
  return { end: at + quote.length, text };
}

/** An escaped letter, or a brace that begins no value. */
function isPair(source: string, at: number, hasValues: boolean): boolean {
  return source[at] === '\\' || (hasValues && /^(\{\{|\}\})/.test(source.slice(at, at + 2)));
}

function endOfValue(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    if ('{[('.includes(source[at] ?? '')) depth += 1;
    if ('}])'.includes(source[at] ?? '')) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return source.length;
}

export function pythonCallsOf(source: string): readonly Call[] {
  return [...source.matchAll(/\bworded\("(?<name>\w+)"/g)].map(({ 0: begun, index, groups }) => {
    const end = endOfValue(source, index + 'worded'.length);
    const rest = source.slice(index + begun.length, end - 1);
    return { name: groups?.['name'] ?? '', values: commasIn(rest) };
  });
}

/** The commas between the values of a call, and not within one. */
function commasIn(rest: string): number {
  const texts = pythonLiteralsOf(rest);
  let [depth, count] = [0, 0];
  for (let at = 0; at < rest.length; at += 1) {
    at = texts.find((text) => text.at === at)?.end ?? at;
    if ('{[('.includes(rest[at] ?? ' ')) depth += 1;
    if ('}])'.includes(rest[at] ?? ' ')) depth -= 1;
    if (rest[at] === ',' && depth === 0) count += 1;
  }
  return count;
}
