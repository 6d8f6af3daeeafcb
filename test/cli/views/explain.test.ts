import type { Explanation } from '#control/explanation.ts';
import { eventLine } from '../../../src/cli/views/event-line.ts';
import { explanationLines } from '../../../src/cli/views/explain.ts';
import { versionLines } from '../../../src/cli/views/versions.ts';

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
  promotion: null,
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

  it.each([
    {
      ...{ live: 3, state: 'Retired', phase: 'Live' },
      says: 'Retired; v3 is live. `slipway rollback digits --to 2` makes this one live again',
    },
    {
      ...{ live: null, state: 'Removed', phase: 'Live' },
      says: 'Removed; nothing of digits is live',
    },
    { ...{ live: 1, phase: 'Rejected' }, says: 'it has not gone live; v1 is live' },
  ])('says that it is not live: $says', ({ says, ...more }) => {
    const [head, state] = explanationLines({ ...EXPLAINED, ...more });

    expect(head).toBe(
      `digits v2 on lambda, not live  (deployment d2: ${more.phase === 'Live' ? 'it went Live' : more.phase})`,
    );
    expect(state).toBe(`state      ${says}`);
  });

  it('says nothing of the state of a live version, nor where an earlier Slipway does not know it', () => {
    for (const explained of [EXPLAINED, { ...EXPLAINED, live: 2, state: 'Live' }]) {
      expect(explanationLines(explained).slice(0, 2)).toEqual([
        'digits v2 on lambda  (deployment d2: Live)',
        'artifact   a.onnx  10 bytes, onnx',
      ]);
    }
  });

  it('says who dropped it, and what of that nobody has checked', () => {
    const linesOf = (droppedBy: NonNullable<Explanation['artifact']['droppedBy']>) =>
      explanationLines({ ...EXPLAINED, artifact: { ...EXPLAINED.artifact, droppedBy } });

    expect(linesOf({ requester: 'ann (uid 1001)' })).toContain('dropped by ann (uid 1001)');
    expect(
      linesOf({
        requester: '123456789012',
        address: '1.2.3.4',
        requestId: 'N4N7',
        claims: 'arn:aws:iam::123456789012:user/ann',
      }),
    ).toContain(
      'dropped by 123456789012, from 1.2.3.4, in the request N4N7, who says to be arn:aws:iam::123456789012:user/ann, which nobody has checked',
    );
  });

  it('says what each judge of the bake found', () => {
    const judges = [
      { judge: 'probes', verdict: 'passed', reason: 'all 20 were answered' },
      { judge: 'answers', verdict: 'breach', reason: 'all are ten times as large' },
    ] as const;

    const lines = explanationLines({ ...EXPLAINED, judges: [...judges] });

    expect(lines).toContain('bake       probes passed: all 20 were answered');
    expect(lines).toContain('           answers breach: all are ten times as large');
  });

  it('says who released a promoted version, and by which key that is signed', () => {
    const promotion = {
      from: { place: 'staging', version: 3, deploymentId: 'd1' },
      digest: 'sha256:1',
      proof: null,
      needsApproval: false,
      approval: null,
      signed: { key: 'a1b2c3d4e5f60718'.repeat(4), by: 'ann', atMs: Date.UTC(2026, 5, 1) },
    };

    const lines = explanationLines({ ...EXPLAINED, promotion });

    expect(lines).toContain('promoted   from staging, version 3: sha256:1');
    expect(lines).toContain(
      '           released by ann at 2026-06-01T00:00:00.000Z, signed by the key a1b2c3d4e5f60718',
    );
  });

  it('says on which machine its image was built, with the price where it is known', () => {
    const machine = { name: 'BUILD_GENERAL1_SMALL', vcpus: 2, memoryGb: 3, diskGb: 64 };
    const lineOf = (usdPerMinute: number | null) =>
      explanationLines({ ...EXPLAINED, builtOn: { ...machine, usdPerMinute } })[2];

    expect(lineOf(0.005)).toBe(
      'built on   BUILD_GENERAL1_SMALL: 2 vCPUs, 3 GB of memory and 64 of disk, $0.005 a minute in us-east-1',
    );
    expect(lineOf(null)).toMatch(/64 of disk$/);
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

const PROOF = {
  conversion: {
    ...{ kept: true, reason: 'it answers the same', rows: 8 },
    ...{ maxDifference: null, nativeMicros: null, onnxMicros: null },
  },
  ...{ importMs: 1, loadMs: 1, peakBytes: 1 },
};

describe('what serves a model that was to be in int8', () => {
  const served = (int8: object) => {
    const proof = { ...PROOF, conversion: { ...PROOF.conversion, int8 } } as never;
    const runtime = { name: 'onnx', title: 'ONNX', framework: null, python: null, packages: [] };
    return explanationLines({ ...EXPLAINED, runtime: { ...runtime, proof } }).join('\n');
  };

  it('is how many bytes that saves, and how near its answers are', () => {
    const reason = 'the least cosine of 200 golden texts’ vectors is 0.9961';

    expect(served({ kept: true, reason, bytes: 23_000, fullBytes: 90_000 })).toContain(
      `\n           in int8, 23,000 bytes instead of 90,000 bytes: ${reason}`,
    );
  });

  it('is in full, and why', () => {
    expect(served({ kept: false, reason: 'the least cosine is 0.9' })).toContain(
      '\n           not in int8: the least cosine is 0.9',
    );
  });
});

describe('what the build measured', () => {
  const lines = (given: { readonly noQuota?: string }) => {
    const runtime = { name: 'onnx', title: 'ONNX', framework: null, python: null, packages: [] };
    return explanationLines({ ...EXPLAINED, runtime: { ...runtime, ...given, proof: PROOF } });
  };

  it('is followed by the reason why half a vCPU was not', () => {
    expect(lines({ noQuota: 'this system has no control groups' })).toContain(
      '           half a vCPU is extrapolated: this system has no control groups',
    );
    expect(lines({}).join()).not.toContain('extrapolated');
  });
});

describe('whether requests are joined', () => {
  const batches = (batching: object) => {
    const proof = { ...PROOF, batching } as never;
    const runtime = { name: 'onnx', title: 'ONNX', framework: null, python: null, packages: [] };
    return explanationLines({ ...EXPLAINED, runtime: { ...runtime, proof } }).filter((line) =>
      line.startsWith('batches'),
    );
  };

  it('is said with the reason', () => {
    const reason = '64 rows in one run take 0.03 of the time of as many requests';

    expect(batches({ rows: 64, reason })).toEqual([
      `batches    up to 64 rows of waiting requests: ${reason}`,
    ]);
    expect(batches({ rows: 1, reason: 'y differs' })).toEqual(['batches    none: y differs']);
  });
});

describe('what was uploaded', () => {
  it.each([
    ['a.onnx', 'a.onnx'],
    ['lane/model.yaml', 'lane/'],
  ])('for %s is called %s', (path, name) => {
    const artifact = { ...EXPLAINED.artifact, key: `models/digits/${path}` };
    const entry = { ...({ version: 1, revision: 'digits-v1', state: 'Live' } as const) };
    const version = { ...entry, target: 'lambda', liveAtMs: 0, artifact: artifact.key } as const;

    expect(explanationLines({ ...EXPLAINED, artifact })[1]).toBe(
      `artifact   ${name}  10 bytes, onnx`,
    );
    expect(versionLines('digits', [version])[1]).toMatch(new RegExp(` ${name}$`));
  });
});

it('versions have a column of tags where one of them has any', () => {
  const version = (n: number, tags?: string[]) =>
    ({
      version: n,
      revision: `digits-v${n}`,
      state: n === 2 ? 'Live' : 'Retired',
      target: 'lambda',
      liveAtMs: 0,
      artifact: 'models/digits/a.onnx',
      ...(tags && { tags }),
    }) as const;

  expect(versionLines('digits', [version(2), version(1)])[0]).not.toContain('TAGS');
  const lines = versionLines('digits', [version(2), version(1, ['v1.0', 'first'])]);
  expect(lines[0]).toMatch(/ TAGS$/);
  expect(lines[2]).toMatch(/ a\.onnx +v1\.0, first$/);
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
