import type { SlipwayEvent } from '#domain/event.ts';
import { eventLine } from '../../src/cli/event-line.ts';

const event = (data: object) =>
  ({
    detail: { model: 'own', version: 1, state: 'Inspected', reason: '', fix: '', data },
  }) as SlipwayEvent;

it('says of an event what is known, and nothing of what is not', () => {
  expect(eventLine(event({ format: 'custom', parameters: null }))).toBe(
    'Inspected    own v1  format custom',
  );
  expect(eventLine(event({ format: 'onnx', parameters: 1234 }))).toBe(
    'Inspected    own v1  format onnx, parameters 1,234',
  );
});
