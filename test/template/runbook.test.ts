import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ofType, readTemplate } from './template.ts';

const template = await readTemplate();
const runbook = await readFile(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');

const entries = runbook
  .split(/^### /m)
  .slice(1)
  .map((text) => ({ alarm: text.slice(0, text.indexOf('\n')), text: text.split(/^## /m)[0]! }));
const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
  Properties.AlarmName.replace('slipway-test-', ''),
);

describe('the runbook', () => {
  it('has each alarm of the template, and no other', () => {
    expect(entries.map(({ alarm }) => alarm).toSorted()).toEqual(alarms.toSorted());
  });

  it.each(entries)('says how to look and how to mend where $alarm rings', ({ text }) => {
    expect(text).toMatch(/^- Look: \S/m);
    expect(text).toMatch(/^- Repair: \S/m);
  });

  it('names functions, queues and widgets that there are', () => {
    const functions = Array.from(
      runbook.matchAll(/\$SLIPWAY_STAGE-(\w+) --since/g),
      ([, it]) => it,
    );
    const queues = runbook.match(/\b\w+(?:DeadLetters|Deaths)\b/g)!;
    const known = ofType(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) => Properties.FunctionName,
    );
    const { DashboardBody } = template.Resources['Dashboard']!.Properties;
    const widgets = Array.from(runbook.matchAll(/dashboard \(([^)]*"[^)]*)\)/g), ([, it]) => it!);

    expect(functions.length).toBeGreaterThan(0);
    for (const name of functions) expect(known).toContain(`slipway-test-${name}`);
    for (const id of queues) expect(template.Resources[id]?.Type).toBe('AWS::SQS::Queue');
    for (const title of widgets.flatMap((it) =>
      it.match(/"[^"]+/g)!.filter((_, at) => at % 2 === 0),
    )) {
      expect(DashboardBody['Fn::Sub']).toContain(`"title": ${title}`);
    }
  });
});
