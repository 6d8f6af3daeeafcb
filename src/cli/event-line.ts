import type { SlipwayEvent } from '#domain/event.ts';

const STATE_WIDTH = 12;
const INDENT = '\n             ';

/** One event as a line for a person: the state and a summary, with the reason and the fix on separate lines. */
export function eventLine({ detail }: SlipwayEvent): string {
  const { model, version, state, reason, fix } = detail;
  const name = version === null ? model : `${model} v${version}`;
  const facts = summary(detail.data);
  return [
    `${state.padEnd(STATE_WIDTH)} ${name}${facts && `  ${facts}`}`,
    ...(reason ? reason.split('\n') : []),
    ...(fix ? `→ ${fix}`.split('\n') : []),
  ].join(INDENT);
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
