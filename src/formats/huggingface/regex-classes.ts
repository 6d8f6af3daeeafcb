/** A character class in a pattern, `[…]` from `from` on: its end, and its form in JavaScript. JavaScript cannot read nested classes: such a class counts as all letters. */
export function classAt(
  pattern: string,
  from: number,
): { readonly end: number; readonly atom: string } {
  const signs = /\\.|\[\^?\]?|\]|./suy;
  let [depth, isPlain] = [0, true];
  signs.lastIndex = from;
  for (let found = signs.exec(pattern); found; found = signs.exec(pattern)) {
    const [sign] = found;
    if (sign === ']') depth -= 1;
    if (sign.startsWith('[')) {
      isPlain &&= depth === 0;
      depth += 1;
    }
    if (depth === 0) break;
  }
  const end = signs.lastIndex === 0 ? pattern.length : signs.lastIndex;
  const text = pattern.slice(from, end);
  return { end, atom: isPlain && !text.includes('&&') ? asJavaScript(text) : '[^]' };
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ d: '\\p{Nd}', D: '\\P{Nd}', h: '[0-9a-fA-F]', H: '[^0-9a-fA-F]' },
  ...{ w: '[\\p{L}\\p{M}\\p{N}\\p{Pc}]', W: '[^\\p{L}\\p{M}\\p{N}\\p{Pc}]' },
  ...{ s: '\\s', S: '\\S', R: '[\\n-\\r\\u0085\\u2028\\u2029]', O: '[^]', N: '[^\\n]' },
  ...{ t: '\\t', n: '\\n', r: '\\r', f: '\\f', v: '\\v', a: '\\u0007', e: '\\u001b' },
};

/** The meaning of a letter after a backslash. */
export function escaped(sign: string): string {
  return ESCAPES[sign] ?? sign.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}

/** The JavaScript form of a character class or a property of letters. */
export function asJavaScript(text: string): string {
  return text
    .replaceAll(/\\x\{([0-9a-fA-F]+)\}/g, '\\u{$1}')
    .replaceAll(
      /\\([pP])\{\^([^}]*)\}/g,
      (_, sign, name) => `\\${sign === 'p' ? 'P' : 'p'}{${name}}`,
    )
    .replaceAll(/\\([dwh])/gi, (found, sign: string) =>
      text.startsWith('[') ? inClass(sign, found) : found,
    )
    .replaceAll(/\\([-#'"!%&,:;<=>@_`~ ])/g, (found, sign: string) =>
      sign === '-' && text.startsWith('[') ? found : sign,
    );
}

function inClass(sign: string, found: string): string {
  const own: Readonly<Record<string, string>> = {
    d: '\\p{Nd}',
    D: '\\P{Nd}',
    w: '\\p{L}\\p{M}\\p{N}\\p{Pc}',
    h: '0-9a-fA-F',
  };
  return own[sign] ?? found;
}
