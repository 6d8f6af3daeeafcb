import type { Explanation } from '#compose/slipway.ts';
import { eventLine } from '../../src/cli/event-line.ts';
import { explanationLines } from '../../src/cli/explain.ts';

const EXPLAINED: Explanation = {
  model: 'digits',
  version: 2,
  deploymentId: 'd2',
  phase: 'Live',
  trouble: null,
  artifact: { key: 'models/digits/a.onnx', sizeBytes: 10, format: 'onnx', parameters: null },
  runtime: null,
  image: null,
  target: 'lambda',
  options: [],
  shift: null,
  probes: null,
  proof: null,
};
const FIX = 'Say in model.yaml:\nexamples:\n  - request: {}';

describe('the explanation of a version', () => {
  it('says loudly that it was proven by nothing', () => {
    const proof = {
      ...({ sample: 'readiness', latencyMs: 0 } as const),
      warning: 'started, unproven: give an example',
    };

    expect(explanationLines({ ...EXPLAINED, proof })).toContain(
      'proven by  nothing; started, unproven: give an example',
    );
  });

  it('says whose request it was proven by', () => {
    const of = { deploymentId: 'd1', revision: 'digits-v1' };
    const proof = { sample: 'example', of, warning: '', latencyMs: 3 } as const;

    expect(explanationLines({ ...EXPLAINED, proof })).toContain(
      'proven by  the request that proved digits-v1, which was live then, answered in 3 ms',
    );
  });

  it('shows a fix of several lines as they are to be written', () => {
    const trouble = { name: 'RevisionUnhealthy', reason: 'it refused', fix: FIX };

    expect(explanationLines({ ...EXPLAINED, trouble }).slice(2)).toEqual([
      'trouble    it refused → Say in model.yaml:',
      '           examples:',
      '             - request: {}',
    ]);
  });
});

describe('the line of an event', () => {
  it('shows a fix of several lines as they are to be written', () => {
    const detail = {
      schema: 1,
      eventId: 'd1-1',
      sequence: 1,
      deploymentId: 'd1',
      model: 'digits',
      ...{ version: 1, state: 'Failed', time: '2026-01-02T03:04:05.678Z', data: {} },
      reason: 'it refused',
      fix: FIX,
    } as const;

    const line = eventLine({
      source: 'slipway',
      'detail-type': 'Deployment State Change',
      detail: detail as never,
    });

    expect(line.split('\n').map((each) => each.trimEnd())).toEqual([
      'Failed       digits v1',
      '             it refused',
      '             → Say in model.yaml:',
      '             examples:',
      '               - request: {}',
    ]);
  });
});
