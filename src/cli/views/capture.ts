import type { CaptureState } from '#control/capture.ts';

/** Shows a person what is kept of a model's requests, the newest day first. */
export function captureLines(model: string, { budget, days }: CaptureState): readonly string[] {
  if (days.length === 0 && !budget) {
    return [
      `No request of ${model} is kept.`,
      'To keep some, write `capture: {}` in its model.yaml and deploy it (docs/capture.md).',
    ];
  }
  const keeps = budget
    ? `${model} keeps at most ${budget.requestsPerHour} requests of an hour and ${budget.megabytes} MB, for ${budget.days} ${budget.days === 1 ? 'day' : 'days'}${budget.private.length > 0 ? `, and none with the fields: ${budget.private.join(', ')}` : ''}`
    : `The live version of ${model} keeps no requests`;
  const byDay = days.flatMap(({ day, counts, sampled, opens, bytes }) => {
    const lost = sampled - opens;
    const not = NOT_KEPT.flatMap(([what, words]) =>
      counts[what] > 0 ? [`${counts[what]} ${words}`] : [],
    );
    return [
      `${day}  ${sampled} of ${counts.seen} requests, ${(bytes / 1e6).toFixed(1)} MB${lost > 0 ? `; the keys of ${lost} are dropped` : ''}`,
      ...(not.length > 0 ? [`            not kept: ${not.join(', ')}`] : []),
    ];
  });
  return [keeps, ...(days.length === 0 ? ['It has kept no request yet.'] : byDay)];
}

const NOT_KEPT = [
  ['private', 'with a private field'],
  ['form', 'in a form whose fields are unknown'],
  ['large', 'over 200 kB'],
  ['full', 'over the bytes of their hour'],
  ['failed', 'since the keeping failed'],
] as const;
