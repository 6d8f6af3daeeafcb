// In their own order they could hide or turn the text around them: controls but tab and newline, and marks without a form of their own. Joiners are letters' own business.
const UNSEEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}]/gu;

/** A text of somebody else with its invisible characters shown by their codes, as `<U+202E>`. */
export function plain(text: string): string {
  return text.replaceAll(
    UNSEEN,
    (found) => `<U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size in bytes with three digits: `1.23 MB`. */
export function bytes(count: number): string {
  const power = Math.min(UNITS.length - 1, count < 1000 ? 0 : Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${power === 0 ? value : value.toPrecision(3)} ${UNITS[power]}`;
}

/** A size in MiB, as memory has it. */
export function mebibytes(count: number): string {
  return count < 1024 ? `${Math.round(count)} MiB` : `${(count / 1024).toFixed(1)} GiB`;
}

/** A length of time with as many digits as a person wants: `340 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const STEPS = [
  [60, 'second', 1],
  [3600, 'minute', 60],
  [86_400, 'hour', 3600],
  [2_592_000, 'day', 86_400],
  [31_536_000, 'month', 2_592_000],
  [Number.POSITIVE_INFINITY, 'year', 31_536_000],
] as const;

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' });

/** How long ago, or in how long: `3 min. ago`. */
export function relative(atMs: number, nowMs: number): string {
  const seconds = (atMs - nowMs) / 1000;
  if (Math.abs(seconds) < 5) return 'just now';
  const [, unit, per] = STEPS.find(([below]) => Math.abs(seconds) < below) ?? STEPS[5];
  return RELATIVE.format(Math.trunc(seconds / per), unit);
}

const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** The exact time in the reader's own time zone. */
export function exact(atMs: number): string {
  return EXACT.format(atMs);
}

const WHOLE = new Intl.NumberFormat('en');

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** An amount in US dollars as a price list has it: `$0`, `$12.34`, `$1,240`. */
export function dollars(amount: number): string {
  if (amount === 0) return '$0';
  if (amount < 0.01) return '< $0.01';
  return amount < 1000 ? `$${amount.toFixed(2)}` : `$${WHOLE.format(Math.round(amount))}`;
}
