// One or two letters of each kind that patterns distinguish: letters of several scripts in both cases, modifiers, marks, numbers, punctuation, symbols, spaces, and invisible characters.
const OF_EACH_KIND =
  'éÉßñſ\u212aαΩжЯאبक\u093e\u0301กㅎ한あア中ａ٣९²Ⅷʰǅ‿—«»…・∑€˅☃😀🇩\ufe0f\u200d\ufeff\u0085\u00a0\u1680\u3000\u2028\u2029\ue000\u{e0067}\u00ad';

const ASCII_LETTERS = 128;
const MOST_LETTERS = 1000;

/** The letters that represent all others in the judgement of a pattern: one of each kind, and those that the pattern names. */
export function lettersFor(pattern: string): readonly string[] {
  const ascii = Array.from({ length: ASCII_LETTERS }, (_, code) => String.fromCharCode(code));
  const named = Array.from(pattern.matchAll(/\\[xu]\{?([0-9a-fA-F]{2,6})/g), ([, code = '0']) =>
    letterOf(Number.parseInt(code, 16)),
  );
  const all = new Set([...ascii, ...OF_EACH_KIND, ...pattern, ...named]);
  return [...all].slice(0, MOST_LETTERS);
}

function letterOf(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** The letters that an atom of a pattern accepts, by their indices. An atom that JavaScript writes in another way accepts all of them, so that it is judged too strictly rather than too mildly. */
export function takenBy(atom: string, letters: readonly string[], isCaseless: boolean) {
  const found = compiled(atom, isCaseless ? 'iu' : 'u');
  return letters.map((letter) => found?.test(letter) ?? true);
}

function compiled(atom: string, flags: string): RegExp | undefined {
  const scripts = atom.replaceAll(/\\([pP])\{(\w+)\}/g, '\\$1{Script=$2}');
  for (const each of [atom, scripts]) {
    try {
      return new RegExp(`^(?:${each})$`, flags);
    } catch {
      // The other spelling, or all letters.
    }
  }
  return undefined;
}
