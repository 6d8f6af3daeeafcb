import { quoted, rejected } from '#formats/rejected.ts';

/** A message in protobuf's text format: the values of each field, in their order. */
export type TextMessage = ReadonlyMap<string, readonly TextValue[]>;
export type TextValue = string | TextMessage;

const TOKEN = /\s+|#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.+-]+|[{}<>[\]:,;]/gy;
const MAX_TOKENS = 200_000;
const MAX_DEPTH = 64;
const CLOSES: Readonly<Record<string, string>> = { '{': '}', '<': '>' };

/** Reads a message; texts come without their quotes, all other values as written. Fails with `ArtifactRejected`. */
export function readTextProto(text: string, file: string): TextMessage {
  const tokens = tokensOf(text, file);
  let at = 0;

  const odd = () =>
    rejected(
      `${file} is not a configuration of Triton: ${quoted(tokens[at] ?? 'its end')} stands where it cannot`,
      'Upload it as Triton takes it.',
    );

  function message(end: string | undefined, depth: number): TextMessage {
    if (depth > MAX_DEPTH) throw odd();
    const fields = new Map<string, TextValue[]>();
    while (tokens[at] !== end) {
      const name = tokens[at] ?? '';
      if (!/^[A-Za-z_]\w*$/.test(name)) throw odd();
      at += 1;
      if (tokens[at] === ':') at += 1;
      fields.set(name, [...(fields.get(name) ?? []), ...values(depth)]);
      while (tokens[at] === ',' || tokens[at] === ';') at += 1;
    }
    at += 1;
    return fields;
  }

  function values(depth: number): readonly TextValue[] {
    if (tokens[at] !== '[') return [value(depth)];
    const found: TextValue[] = [];
    at += 1;
    while (tokens[at] !== ']') {
      found.push(value(depth));
      if (tokens[at] === ',') at += 1;
    }
    at += 1;
    return found;
  }

  function value(depth: number): TextValue {
    const token = tokens[at];
    if (token === undefined) throw odd();
    const closes = CLOSES[token];
    if (closes === undefined && !/^["'\w.+-]/.test(token)) throw odd();
    at += 1;
    if (closes !== undefined) return message(closes, depth + 1);
    return /^["']/.test(token) ? token.slice(1, -1) : token;
  }

  return message(undefined, 0);
}

function tokensOf(text: string, file: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined || tokens.length > MAX_TOKENS) {
      throw rejected(
        `${file} is not a configuration of Triton, or is too long`,
        'Upload it as Triton takes it.',
      );
    }
    if (!/^[\s#]/.test(token)) tokens.push(token);
  }
  return tokens;
}
