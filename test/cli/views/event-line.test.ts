import type { SlipwayEvent } from '#domain/event.ts';
import { COMMAND } from '../../../src/cli/typed.ts';
import { eventLine, shortEventLine } from '../../../src/cli/views/event-line.ts';

const event = (data: object, reason = '') =>
  ({
    detail: { model: 'own', version: 1, state: 'Inspected', reason, fix: '', data },
  }) as SlipwayEvent;

it('says of an event what is known, and nothing of what is not', () => {
  expect(eventLine(event({ format: 'custom', parameters: null }))).toBe(
    'Inspected    own v1  format custom',
  );
  expect(eventLine(event({ format: 'onnx', parameters: 1234 }))).toBe(
    'Inspected    own v1  format onnx, parameters 1,234',
  );
});

it('names the differences of a version that the reason of its verdict does not, five at most', () => {
  const said = { weight: 'breaking', what: 'it has no label "dog"' };
  const others = [1, 2, 3, 4, 5, 6].map((n) => ({ weight: 'harmless', what: `difference ${n}` }));
  const compared = event({ differences: [said, ...others] }, 'broken: it has no label "dog"');

  expect(eventLine(compared).split('\n').slice(1)).toEqual([
    expect.stringContaining('broken: it has no label "dog"'),
    ...[1, 2, 3, 4, 5].map((n) => `             harmless: difference ${n}`),
    '             and 1 more: `slipway diff own`',
  ]);
});

describe('one of many events', () => {
  const ended = (detail: object) =>
    ({
      detail: {
        model: 'own',
        version: 1,
        state: 'Failed',
        reason: '',
        fix: '',
        data: {},
        ...detail,
      },
    }) as SlipwayEvent;
  const shown = { tookMs: 12_345, endpoint: '', columns: undefined };

  it('is a line with how long it took, and where the model answers', () => {
    const endpoint = 'http://here/models/own';

    expect(
      shortEventLine(ended({ state: 'Live', data: { probes: 5 } }), { ...shown, endpoint }),
    ).toBe(' 12.35 s  Live         own v1  http://here/models/own');
  });

  it('has where the model answers below it when both do not fit', () => {
    const shownLive = { ...shown, endpoint: 'http://here/models/own', columns: 60 };

    expect(shortEventLine(ended({ state: 'Live', model: 'own-of-a-long-name' }), shownLive)).toBe(
      ' 12.35 s  Live         own-of-a-long-name v1\n          http://here/models/own',
    );
  });

  it('breaks a long fix, but not the YAML in it, which is to be pasted', () => {
    const fix =
      'Say in model.yaml what clients send:\n  - { name: "x", datatype: FP32, shape: [1] }';

    expect(shortEventLine(ended({ fix }), { ...shown, columns: 40 })).toBe(
      [
        ' 12.35 s  Failed       own v1',
        '          → Say in model.yaml what',
        '          clients send:',
        '            - { name: "x", datatype: FP32, shape: [1] }',
      ].join('\n'),
    );
  });

  it('has of a long reason the first line, and says where the rest is', () => {
    const reason = "KeyError: 'a' (predict.py:3)\none\ntwo";

    expect(shortEventLine(ended({ reason, fix: 'Fix it:\n  a: 1' }), shown)).toBe(
      [
        ' 12.35 s  Failed       own v1',
        "          KeyError: 'a' (predict.py:3)",
        `          → All of it: \`${COMMAND} logs own\``,
        '          → Fix it:',
        '            a: 1',
      ].join('\n'),
    );
  });

  it.each([80, 60])('is broken between words in %d columns', (columns) => {
    const reason = 'a reason that goes on and on and on, word after word, for more than a line';

    const lines = shortEventLine(ended({ reason }), { ...shown, columns }).split('\n');

    expect(lines).toHaveLength(3);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  });

  it('never hands on what moves a cursor, or a line without an end', () => {
    const reason = `\u001b[2J\u0007${'x'.repeat(9_000)}`;

    const [, line] = shortEventLine(ended({ reason }), shown).split('\n');

    expect(line).toBe(`          ${String.raw`\x07`}${'x'.repeat(396)}…`);
  });
});
