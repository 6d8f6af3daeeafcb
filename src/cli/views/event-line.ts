import * as z from 'zod/mini';
import type { SlipwayEvent } from '#domain/event.ts';
import { printable } from '../terminal.ts';
import { wrapped } from './wrapped.ts';

export const STATE_WIDTH = 12;
const INDENT = '\n             ';

/** One event as a line for a person: the state and a summary, with the reason and the fix on separate lines. */
export function eventLine({ detail }: SlipwayEvent): string {
  const { state, reason, fix } = detail;
  const facts = summary(detail.data);
  return [
    `${state.padEnd(STATE_WIDTH)} ${nameOf(detail)}${facts && `  ${facts}`}`,
    ...(reason ? reason.split('\n') : []),
    ...differenceLines(detail),
    ...(fix ? `→ ${fix}`.split('\n') : []),
  ].join(INDENT);
}

/** A model with its version, where it has one. */
export function nameOf({ model, version }: SlipwayEvent['detail']): string {
  return version === null ? model : `${model} v${version}`;
}

type Shown = {
  /** How long (ms) its deployment ran by then. */
  readonly tookMs: number;
  /** Where the model answers; empty while it does not. */
  readonly endpoint: string;
  /** Where longer lines are to be broken; undefined leaves them as they are. */
  readonly columns: number | undefined;
};

/** One of many events, as short as it can be: how long it took, and of a reason the first line. */
export function shortEventLine(
  event: SlipwayEvent,
  { tookMs, endpoint, columns = Number.POSITIVE_INFINITY }: Shown,
): string {
  const { state, reason, fix, model, data } = event.detail;
  const took = `${(tookMs / 1000).toFixed(2).padStart(6)} s`;
  const name = `${took}  ${state.padEnd(STATE_WIDTH)} ${nameOf(event.detail)}`;
  const facts = endpoint || summary(data);
  const isLong = facts !== '' && name.length + facts.length + 2 > columns;
  const head = facts === '' || isLong ? name : `${name}  ${facts}`;
  const [why = '', ...more] = reason.split('\n');
  const rest = more.length > 0 ? [`→ All of it: \`slipway logs ${model}\``] : [];
  const said = [
    ...(isLong ? [facts] : []),
    ...(why ? [cut(why)] : []),
    ...rest,
    ...differenceLines(event.detail).map(cut),
    ...(fix ? `→ ${fix}`.split('\n') : []),
  ];
  // Indented lines are YAML to paste, which another line end would break.
  const words = said.flatMap((text) =>
    text.startsWith(' ') ? [text] : wrapped(text, columns - SHORT_INDENT.length, ''),
  );
  return [head, ...words.map((text) => SHORT_INDENT + text)].join('\n');
}

const SHORT_INDENT = ' '.repeat(10);
const MOST_REASON = 400;

/** Reasons may quote a model's own words. */
function cut(text: string): string {
  const shown = printable(text);
  return shown.length <= MOST_REASON ? shown : `${shown.slice(0, MOST_REASON)}…`;
}

const MOST_DIFFERENCES = 5;
const differing = z.array(z.object({ weight: z.string(), what: z.string() }));

/** How a version differs from the one that it replaces, but for what the reason of its verdict says already. */
function differenceLines({ model, reason, data }: SlipwayEvent['detail']): readonly string[] {
  const { data: all = [] } = differing.safeParse(data['differences']);
  const untold = all.filter(({ what }) => !reason.includes(what));
  const left = untold.length - MOST_DIFFERENCES;
  return [
    ...untold.slice(0, MOST_DIFFERENCES).map(({ weight, what }) => `${weight}: ${what}`),
    ...(left > 0 ? [`and ${left} more: \`slipway diff ${model}\``] : []),
  ];
}

/** The few numbers of an event that matter to a person; the rest is for programs (`--json`). */
function summary(data: SlipwayEvent['detail']['data']): string {
  const shown = [
    'format',
    'parameters',
    'target',
    'memoryMiB',
    'latencyMs',
    'percent',
    'step',
    'steps',
    'bakeSeconds',
    'probes',
  ];
  return shown
    .filter((key) => data[key] !== undefined && data[key] !== null)
    .map((key) => `${key} ${format(data[key])}`)
    .join(', ');
}

function format(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
}
