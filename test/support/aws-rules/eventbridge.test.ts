import { eventbridgeRules } from '../aws/rules/eventbridge.ts';
import { ruled } from './ruled.ts';

const MOST_BYTES = 1_000_000;

const put = (...Entries: readonly object[]) =>
  ruled(eventbridgeRules, 'EventBridge.PutEvents', { Entries });

describe('the events of a call', () => {
  it.each([
    { what: 'a detail alone', rest: {}, bytes: 0 },
    { what: 'a source and a type', rest: { Source: 'slip', DetailType: 'Live' }, bytes: 8 },
    { what: 'resources', rest: { Resources: ['é', 'b'] }, bytes: 3 },
    { what: 'a time', rest: { Time: new Date(0) }, bytes: 14 },
  ])('have a million bytes together, with $what', async ({ rest, bytes }) => {
    const half = { Detail: 'x'.repeat(MOST_BYTES / 2) };
    const event = (more: number) => ({
      ...rest,
      Detail: 'x'.repeat(MOST_BYTES / 2 - bytes + more),
    });

    expect(await put(half, event(0))).toBeUndefined();
    expect(await put(half, event(1))).toBe('ValidationException');
  });

  it('may be none', async () => {
    expect(await ruled(eventbridgeRules, 'EventBridge.PutEvents', {})).toBeUndefined();
  });

  it('have each a type of at most 128 characters', async () => {
    const typed = (length: number) => ({ DetailType: 'x'.repeat(length) });

    expect(await put(typed(128), {})).toBeUndefined();
    expect(await put(typed(128), typed(129))).toBe('ValidationException');
  });
});
