import { asTyped } from '../../../src/cli/typed.ts';
import { statusLines } from '../../../src/cli/views/status.ts';

const LIVE = {
  ...{ version: 1, revision: 'digits-v1', state: 'Live', target: 'lambda' },
  ...{ model: 'digits', deploymentId: 'd1', liveAtMs: 0 },
};
const ENDPOINT = 'http://127.0.0.1:8080/models/digits';
const model = {
  name: 'digits',
  endpoint: ENDPOINT,
  live: LIVE,
  versions: [LIVE],
  ...{
    newest: { id: 'd1', version: 1, phase: 'Live', waitsFor: null, trouble: null },
    repairs: null,
  },
  unproven: null,
  spent: null,
  cost: null,
  alerts: [],
};

type Shown = Parameters<typeof statusLines>[0];

const shown = (models: Shown['models'], refused: Shown['refused'] = [], width = 80) =>
  statusLines({ models, builds: [], refused, storage: null, walls: null }, width);

describe('the status of the objects', () => {
  it('says what a prune would free, and nothing while it would free nothing', () => {
    const lines = (prunableBytes: number) =>
      statusLines(
        {
          models: [],
          builds: [],
          refused: [],
          storage: { objects: 2, objectBytes: 3_210_000_000, prunableBytes },
          walls: null,
        },
        80,
      );

    expect(lines(45_600).at(-1)).toBe(
      asTyped('objects hold 3.2 GB; `slipway prune` would free 45.6 kB'),
    );
    expect(lines(0)).toHaveLength(1);
  });
});

describe('the status of the walls', () => {
  const lines = (walls: Shown['walls']) =>
    statusLines({ models: [], builds: [], refused: [], storage: null, walls }, 80).slice(1);

  it('says what the running Slipway found to be open, in its own words', () => {
    const found = { says: 'Landlock 5', open: ['can signal your processes'], refuses: null };

    expect(lines(found)).toEqual([
      '',
      'walls: Landlock 5; a model with hostile code can signal your processes',
    ]);
  });

  it('says that models of code are refused where there are none', () => {
    const found = { says: 'none: no python3', open: ['can'], refuses: 'no python3' };

    expect(lines(found).at(-1)).toBe(
      'walls: none: no python3; models that Python loads are refused',
    );
  });

  it('says nothing where all stand, and of an account', () => {
    expect(lines({ says: 'Landlock 7, seccomp', open: [], refuses: null })).toEqual([]);
    expect(lines(null)).toEqual([]);
  });
});

describe('the status of a model', () => {
  it('says with the dollars where the live version would better be placed', () => {
    const advice = {
      reason: 'for 60 requests a second, Fargate would cost $90.00 a month',
      fix: 'Set `traffic`.',
      to: '3 tasks',
      savesUsd: 12.5,
    };
    const advised = { ...model, versions: [{ ...LIVE, advice }] };

    expect(shown([advised], [], 200)[1]).toBe(
      asTyped(
        '  ($12.50 a month less: for 60 requests a second, Fargate would cost $90.00 a month → Set `traffic`.)',
      ),
    );
    expect(
      shown(
        [{ ...model, versions: [{ ...LIVE, advice: { ...advice, savesUsd: 0 } }] }],
        [],
        200,
      )[1],
    ).toMatch(/^ {2}\(for 60 requests/);
    expect(shown([{ ...model, versions: [LIVE, { ...LIVE, version: 0, advice }] }])).toHaveLength(
      1,
    );
  });

  it('says what its requests have cost in this month, beside the cap and what is limited by it', () => {
    const spent = {
      month: '2026-12',
      usd: 12.5,
      untilMs: Date.UTC(2026, 11, 5, 13),
      isSpent: true,
      maxMonthlyUsd: 50,
      most: null,
      unmetered: null,
    };
    const said = (more: object) => shown([{ ...model, spent: { ...spent, ...more } }], [], 250);

    expect(said({})[1]).toBe(
      '  (has cost $12.50 since 2026-12-01, by its requests; the cap maxMonthlyUsd is $50)',
    );
    expect(said({ isSpent: false, maxMonthlyUsd: null })[1]).toBe(
      '  (would have cost on AWS $12.50 since 2026-12-01, by its requests)',
    );
    expect(said({ most: 0 })[1]).toMatch(/ is \$50, so it answers nothing until the month ends\)$/);
    expect(said({ unmetered: 'what it costs on EC2 is not metered' }).slice(1)).toEqual([
      expect.stringMatching(/ is \$50\)$/),
      '  (what it costs on EC2 is not metered)',
    ]);
    expect(said({ usd: 0.001, maxMonthlyUsd: null })).toHaveLength(1);
    expect(shown([{ ...model, live: null, spent: { ...spent, most: 0 } }], [], 250)).toHaveLength(
      1,
    );
  });

  it('is a line with what is live, where; two where the terminal is narrow', () => {
    expect(shown([model])).toEqual([`digits  v1 live on lambda  ${ENDPOINT}`]);
    expect(shown([model], [], 60)).toEqual(['digits  v1 live on lambda', `  ${ENDPOINT}`]);
  });

  it('says how often it was repaired in vain, and when it will be again', () => {
    const repairs = { inARow: 3, notBeforeMs: Date.UTC(2026, 0, 2, 3, 4) };

    expect(shown([{ ...model, repairs }])).toEqual([
      `digits  v1 live on lambda  ${ENDPOINT}`,
      '  (repaired 3 times in a row, and not again before 2026-01-02T03:04:00.000Z)',
    ]);
  });

  it('says loudly that what is live has answered nothing', () => {
    const unproven = 'started, unproven: nothing was asked; give an example in model.yaml';

    expect(shown([{ ...model, unproven }])[1]).toBe(`  (${unproven})`);
  });

  it('says first what ails the live version, and what to do', () => {
    const alerts = [{ reason: 'digits-v1 failed 9 of its 10 requests', fix: 'Roll it back.' }];

    expect(shown([{ ...model, alerts }])[1]).toBe(
      '  (digits-v1 failed 9 of its 10 requests → Roll it back.)',
    );
  });

  it('shows the tags of the live version', () => {
    expect(shown([{ ...model, versions: [{ ...LIVE, tags: ['v1.0', 'stable'] }] }])[0]).toMatch(
      /^digits {2}v1 \(v1\.0, stable\) live on/,
    );
  });

  it('says which version does not have its bytes any more, and what to do', () => {
    const damage = { reason: 'objects/ab has other bytes', fix: 'Drop it again.' };

    expect(shown([{ ...model, versions: [{ ...LIVE, damage }] }])[1]).toBe(
      '  (v1 is damaged: objects/ab has other bytes → Drop it again.)',
    );
  });

  it('says that the newest version is retired after a rollback', () => {
    const newest = { id: 'd2', version: 2, phase: 'Live', waitsFor: null, trouble: null };
    const versions = [{ ...LIVE, version: 2, revision: 'digits-v2', state: 'Retired' }, LIVE];

    expect(shown([{ ...model, newest, versions }])[1]).toBe('  (newest: v2 Retired)');
  });

  it('says how the newest deployment stands where that is not the live one', () => {
    const trouble = { name: 'BakeBreached', reason: 'it broke\nhere', fix: '' };
    const newest = { id: 'd2', version: 2, phase: 'RolledBack', waitsFor: null, trouble };

    expect(shown([{ ...model, newest }])[1]).toBe('  (newest: v2 RolledBack, it broke)');
  });

  it('has no line that is wider than the terminal', () => {
    const reason =
      'the image takes 11,534,336,000 bytes; of these many the disk has no more than half';
    const trouble = { name: 'BuildFailed', reason, fix: '' };
    const newest = { id: 'd2', version: 2, phase: 'Failed', waitsFor: null, trouble };
    const repairs = { inARow: 3, notBeforeMs: 0 };
    const troubled = {
      ...model,
      newest,
      repairs,
      unproven: 'started, unproven: it is of code that says nothing',
    };

    const lines = shown([troubled, { ...troubled, live: null }], [DROP, DROP], 60);

    expect(lines.filter((line) => line.length > 60)).toEqual([]);
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain(`(newest: v2 Failed, ${reason})`);
  });
});

const DROP = {
  name: 'My_Model',
  state: 'Rejected',
  reason:
    "models/My_Model/a.onnx: the model's name `My_Model` is not allowed; a name has 1 to 40 lower-case letters",
  fix: 'Rename it.',
  time: '2026-01-02T03:04:05.000Z',
} as const;

describe('the status', () => {
  it('has the drops that were not deployed, each with its reason in short', () => {
    const ignored = {
      ...DROP,
      state: 'Ignored',
      reason: 'models/m/x starts no deployment',
    } as const;

    const lines = shown([], [DROP, ignored], 60);

    expect(lines.filter((line) => line.length > 60)).toEqual([]);
    const last = lines.slice(-3);
    expect(lines.slice(0, -3).join(' ')).toBe(
      asTyped(
        'no models yet; drop one with `slipway push MODEL.onnx`  not deployed (`slipway events` has older ones), newest first:',
      ),
    );
    expect(last).toEqual([
      "  Rejected  models/My_Model/a.onnx: the model's name",
      '    `My_Model` is not allowed',
      '  Ignored  models/m/x starts no deployment',
    ]);
  });

  it('says what the build of the newest deployment is doing, and the last lines of its log', () => {
    const newest = { id: 'd2', version: 2, phase: 'Building', waitsFor: null, trouble: null };
    const build = { deploymentId: 'd2', leftMs: null, lines: ['one', '\u001b[2Jtwo'] };
    const models = [{ ...model, newest }];
    const at = (stage: string | null, place: number | null) =>
      statusLines(
        { models, builds: [{ ...build, stage, place }], refused: [], storage: null, walls: null },
        80,
      ).slice(1);

    expect(at(null, null)[0]).toBe('  (newest: v2 Building)');
    expect(at('image BUILD, installing 14 of 31 packages', null)).toEqual([
      '  (newest: v2 Building, image BUILD, installing 14 of 31 packages)',
      ...['    one', '    two'],
    ]);
    expect(at(null, 3)[0]).toBe('  (newest: v2 Building, queued 3rd)');
  });
});
