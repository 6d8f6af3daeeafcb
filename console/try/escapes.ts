// Invisible characters, but for tab and line ends, which are white space in JSON, and the joiners that letters need.
const UNSEEN = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON in which invisible characters are escapes: the same value, but safe to look at and to paste into a shell. */
export function escapedJson(value: unknown, indent?: number): string {
  return escaped(JSON.stringify(value, null, indent) ?? 'null');
}

/** Does the same with JSON that is a text already. */
export function escaped(json: string): string {
  return json.replace(UNSEEN, (found) =>
    Array.from({ length: found.length }, (_, at) => unitOf(found.charCodeAt(at))).join(''),
  );
}

function unitOf(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
