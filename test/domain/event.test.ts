import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as z from 'zod/mini';
import { slipwayEvent } from '#domain/event.ts';
import { NEXT_PHASES } from '#domain/phase.ts';

const published = JSON.parse(
  await readFile(new URL('../../docs/event.schema.json', import.meta.url), 'utf8'),
);

const detail = {
  schema: 1,
  eventId: 'd1-1',
  sequence: 1,
  deploymentId: 'd1',
  model: 'shapes',
  version: 1,
  time: '2026-01-02T03:04:05.678Z',
  reason: '',
  fix: '',
  data: { latencyMs: 12 },
};
const change = { source: 'slipway', 'detail-type': 'Deployment State Change' };
const versionChange = { ...change, 'detail-type': 'Version State Change' };

describe('the published schema of events', () => {
  it('is the one that the code goes by', () => {
    expect(published).toEqual(z.toJSONSchema(slipwayEvent));
  });

  it('knows every phase as a state but RollingBack', () => {
    const phases = Object.keys(NEXT_PHASES).filter((phase) => phase !== 'RollingBack');

    for (const state of phases)
      expect(isEvent({ ...change, detail: { ...detail, state } })).toBe(true);
    expect(isEvent({ ...change, detail: { ...detail, state: 'RollingBack' } })).toBe(false);
  });

  it.each([
    {
      what: 'a deployment without a version',
      event: { ...change, detail: { ...detail, version: null, state: 'Ignored' } },
    },
    {
      what: 'a version that no longer serves',
      event: { ...versionChange, detail: { ...detail, state: 'Retired' } },
    },
  ])('takes $what', ({ event }) => {
    expect(isEvent(event)).toBe(true);
  });

  it.each([
    {
      what: 'another source',
      event: { ...change, source: 'aws.s3', detail: { ...detail, state: 'Live' } },
    },
    {
      what: 'a version that is Live',
      event: { ...versionChange, detail: { ...detail, state: 'Live' } },
    },
    { what: 'sequence 0', event: { ...change, detail: { ...detail, sequence: 0, state: 'Live' } } },
    { what: 'version 0', event: { ...change, detail: { ...detail, version: 0, state: 'Live' } } },
    {
      what: 'a time that is none',
      event: { ...change, detail: { ...detail, time: 'noon', state: 'Live' } },
    },
    {
      what: 'no event id',
      event: { ...change, detail: { ...detail, eventId: '', state: 'Live' } },
    },
    {
      what: 'a field that nobody knows',
      event: { ...change, detail: { ...detail, state: 'Live', color: 'red' } },
    },
  ])('refuses $what', ({ event }) => {
    expect(isEvent(event)).toBe(false);
  });
});

const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(published);

/** The verdict of a reader with the published schema; the code must agree. */
function isEvent(event: unknown): boolean {
  expect(slipwayEvent.safeParse(event).success).toBe(validate(event));
  return validate(event);
}
