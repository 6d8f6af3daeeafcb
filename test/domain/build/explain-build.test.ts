import { explainBuild, failedBuild, supersededBuild } from '#domain/build/explain-build.ts';
import { tooManyBuilds } from '../../support/aws/rules/codebuild.ts';

const described = (build: object) => ({
  Error: 'States.TaskFailed',
  Cause: JSON.stringify({ Build: build }),
});

const ended = (phase: string) => ({
  error: 'States.TaskFailed',
  phase,
  isStopped: false,
  told: null,
  log: null,
});

describe('a failed build', () => {
  it('is read from what CodeBuild says of it', () => {
    const caught = described({
      BuildStatus: 'FAILED',
      Phases: [
        { PhaseType: 'INSTALL', PhaseStatus: 'SUCCEEDED' },
        { PhaseType: 'BUILD', PhaseStatus: 'FAILED' },
        { PhaseType: 'COMPLETED' },
      ],
      Logs: { GroupName: '/slipway/dev/builds', StreamName: 'b1' },
    });

    expect(failedBuild(caught)).toEqual({
      error: 'States.TaskFailed',
      phase: 'BUILD',
      isStopped: false,
      told: null,
      log: { group: '/slipway/dev/builds', stream: 'b1' },
    });
  });

  it.each([
    { name: 'a timeout', Cause: '', error: 'States.TaskFailed' },
    { name: 'a text', Cause: 'no such project', error: 'States.TaskFailed: no such project' },
    { name: 'another description', Cause: '{"a":1}', error: 'States.TaskFailed: {"a":1}' },
  ])('without a description ($name) has no log', ({ Cause, error }) => {
    const build = failedBuild({ Error: 'States.TaskFailed', Cause });

    expect(build).toEqual({ error, phase: '', isStopped: false, told: null, log: null });
  });

  it('that this machine could not begin tells why, as it was told', () => {
    const errorMessage = 'bash could not be started in /slipway\nFix: Install bash.';
    const Cause = JSON.stringify({ errorType: 'PlatformUnavailable', errorMessage });

    const build = failedBuild({ Error: 'PlatformUnavailable', Cause });

    expect(explainBuild(build, [])).toEqual({
      name: 'BuildFailed',
      reason: 'the image was not built: bash could not be started in /slipway',
      fix: 'Install bash.',
    });
  });

  it('of a model that fails its example is told by the error of its code, however the server says that', () => {
    const log = [
      '[Container] Running command build-folder',
      'progress: proving the model',
      'build-folder: progress: proving the model',
      "the model's code failed: RuntimeError: no such column (predict.py:4)",
      "the model's code failed: RuntimeError: no such column",
      '[Container] Phase complete: BUILD State: FAILED',
    ];

    expect(explainBuild(ended('BUILD'), log).reason.split('\n')[0]).toBe(
      'RuntimeError: no such column (predict.py:4)',
    );
  });

  it.each([
    {
      says: 'the error that it ended with',
      log: ['build-folder: Using Python 3.11.2', 'error: Failed to fetch: a wheel', '  cause: x'],
      why: 'Failed to fetch: a wheel',
    },
    {
      says: 'no stage that it had come to',
      log: ['build-folder: progress: loading the model', 'it is made of cheese'],
      why: 'it is made of cheese',
    },
  ])('tells $says', ({ log, why }) => {
    const { reason } = explainBuild(ended('BUILD'), ['[Container] Running command b', ...log]);

    expect(reason.split('\n')[0]).toBe(`the image was not built: ${why}`);
  });

  it('tells what its command said as it ended, where nothing says more', () => {
    const build = failedBuild(
      described({ Phases: [{ PhaseType: 'BUILD', PhaseStatus: 'FAILED' }] }),
    );
    const lines = [
      '[Container] Running command node build-folder.mjs',
      'build-folder: the model needs Python, but it is not installed',
      '[Container] Phase complete: BUILD State: FAILED',
    ];

    const { reason } = explainBuild(build, lines);

    expect(reason.split('\n')[0]).toBe(
      'the image was not built: the model needs Python, but it is not installed',
    );
  });

  it('that was stopped says so, and no phase that says nothing has failed', () => {
    const caught = described({ BuildStatus: 'STOPPED', Phases: [{ PhaseType: 'QUEUED' }] });

    expect(failedBuild(caught)).toMatchObject({ isStopped: true, phase: '' });
    expect(supersededBuild('digits')).toEqual({
      name: 'Superseded',
      reason: 'a newer upload of digits came while the image of this one was being built',
      fix: '',
    });
  });

  it.each([{}, { GroupName: 'g' }])('that ended before it logged has no log', (Logs) => {
    expect(failedBuild(described({ Logs }))).toMatchObject({ log: null, phase: '' });
  });

  it.each([
    ['write /var/lib/docker: no space left on device', 'the build ran out of disk'],
    [
      'build-folder: the model was not loaded in 300 s by the clock',
      'the model was not loaded in 300 s, so it was ended',
    ],
    [
      'build-folder: the model was not proven in 1800 s by the clock',
      'the model was loaded, and its proof had not ended after 1800 s',
    ],
    [
      'build-folder: no walls were given to set around the model, so it was not loaded',
      'this machine sets no walls around a model',
    ],
    [
      'fetch-artifact: models/a.onnx: s3.amazonaws.com answered 403',
      'the permission to read the artifact',
    ],
    [
      'fetch-artifact: the list of files: s3.amazonaws.com answered 400',
      'the permission to read the artifact',
    ],
    ['denied: User is not authorized to perform ecr:PutImage', 'the build was denied access'],
    [
      'build-image: the image does not serve its model: no such operator',
      'the model did not load, or did not answer',
    ],
    [
      '× No solution found when resolving dependencies:',
      'the packages of the model cannot be installed together',
    ],
    [
      '  cause: Because sklern was not found in the package registry and you require sklern==1.0, we can conclude that your requirements are unsatisfiable.',
      'the package index has no `sklern`',
    ],
    [
      '  cause: Because there is no version of numpy==99.0 and you require numpy==99.0, we can conclude that your requirements are unsatisfiable.',
      'the package index has no `numpy==99.0`',
    ],
    ['no image python of 3.12 or 3.11 can be pulled', 'the build could not reach a registry'],
    ['npm error code ENOTFOUND', 'the build could not reach a registry'],
    ['process "npm ci" did not complete: exit code: 137', 'the build ran out of memory'],
    ['toomanyrequests: Rate exceeded', 'a registry refused the build'],
  ])('whose log says `%s` is explained by it', (line, reason) => {
    const build = ended('BUILD');

    const trouble = explainBuild(build, ['#1 start', line]);

    expect(trouble.reason).toContain(`the image was not built: ${reason}`);
    expect(trouble.fix).toMatch(/./);
  });

  it('that never began waited too long for others', () => {
    const build = ended('QUEUED');

    expect(explainBuild(build, [])).toEqual({
      name: 'BuildFailed',
      reason:
        'the image was not built: the build waited in the queue behind others until it timed out',
      fix: 'Upload the model again when fewer are being deployed.',
    });
  });

  it('that CodeBuild did not start is explained by what it said', () => {
    const { message: Cause } = tooManyBuilds(3);
    const build = failedBuild({ Error: 'CodeBuild.AccountLimitExceededException', Cause });

    expect(explainBuild(build, [])).toEqual({
      name: 'BuildFailed',
      reason:
        'the image was not built: CodeBuild takes no more than 3 builds of this account at once',
      fix: expect.stringContaining('Service Quotas, CodeBuild, "Concurrently running builds"'),
    });
  });

  it('that a new account may not run is explained by the hold, which no quota shows, and the case to open', () => {
    const { name, message } = tooManyBuilds(0);
    const Cause = `${message} (Service: AWSCodeBuild; Status Code: 400; Error Code: ${name})`;
    const build = failedBuild({ Error: 'CodeBuild.AccountLimitExceededException', Cause });

    expect(explainBuild(build, [])).toEqual({
      name: 'BuildFailed',
      reason:
        'the image was not built: AWS lets this account run no build at all, whatever its quotas show',
      fix: expect.stringMatching(/^Open a case with AWS Support .*No retry helps/),
    });
  });

  it('that nothing explains names its phase', () => {
    const build = ended('BUILD');

    expect(explainBuild(build, ['exit 1'])).toEqual({
      name: 'BuildFailed',
      reason: 'the image was not built: it ended in BUILD with States.TaskFailed\nexit 1',
      fix: 'The last lines of its log say more; fix the cause and upload again.',
    });
  });

  it('never tells a presigned URL', () => {
    const build = ended('');

    const { reason } = explainBuild(build, [
      'GET https://bucket.s3.amazonaws.com/models/a.onnx?X-Amz-Signature=0123 failed',
    ]);

    expect(reason).toContain('GET https://bucket.s3.amazonaws.com/models/a.onnx?… failed');
    expect(reason).not.toContain('0123');
  });

  describe('by an error of the model’s own code', () => {
    const build = ended('BUILD');
    const explained = (...lines: readonly string[]) => explainBuild(build, lines);

    it('is headed by it, with its file and line, and ends without the builder’s own lines', () => {
      const { reason, fix } = explained(
        '[Container] Running command node buildspecs/commands/build-folder.mjs',
        'make-environments: made the environment',
        'progress: loading the model',
        'build-folder: reading the vocabulary',
        "ModuleNotFoundError: No module named 'mytrans' (predict.py:3)",
        '[Container] Phase complete: BUILD State: FAILED',
        '[Container] Phase context status code: COMMAND_EXECUTION_ERROR Message: exit status 1',
      );

      expect(reason).toBe(
        "ModuleNotFoundError: No module named 'mytrans' (predict.py:3)\nbuild-folder: reading the vocabulary",
      );
      expect(fix).toMatch(/requirements\.txt/);
    });

    it('that is a package missing, in the words of the library that misses it, says where to name it', () => {
      const { fix } = explained(
        'ImportError: sklearn needs to be installed in order to use this module (frameworks/xgboost.py:41)',
      );

      expect(fix).toContain('in model.yaml (`build: { requirements: [PACKAGE] }`)');
    });

    it.each([
      [
        'build-folder: ValueError: no weights (lib/model.py:12)',
        'ValueError: no weights (lib/model.py:12)',
      ],
      ['build-folder: AssertionError (predict.py:1)', 'AssertionError (predict.py:1)'],
      ['custom.Oops: (a) or (b) (predict.py:7)', 'custom.Oops: (a) or (b) (predict.py:7)'],
    ])('that is printed as %j is headed by it', (line, headline) => {
      expect(explained(line)).toEqual({
        name: 'BuildFailed',
        reason: headline,
        fix: 'Fix it and upload again.',
      });
    });

    it.each([
      ['ImportError: attempted relative import with no known parent package', 'without the dot'],
      [
        "OSError: We couldn't connect to 'https://huggingface.co' to load the files",
        'in its folder',
      ],
      ['ConnectionError: [Errno -3] Temporary failure in name resolution', 'in its folder'],
      ['SystemExit: 2', '__main__'],
      [
        "RuntimeError: the function 'f' was saved as bytecode of Python 3.11, and this is Python 3.12",
        '.python-version',
      ],
      ['TypeError: code() argument 13 must be str, not int', '.python-version'],
      ["OSError: [Errno 30] Read-only file system: 'a.txt'", 'tempfile'],
    ])('%s says what to do', (error, fix) => {
      expect(explained(`${error} (predict.py:1)`).fix).toContain(fix);
    });

    it('of any length has a headline of 500 characters', () => {
      expect(explained(`ValueError: ${'x'.repeat(9_000)} (predict.py:1)`).reason).toHaveLength(500);
    });
  });

  it('shows no commands and stages', () => {
    const build = ended('BUILD');

    const { reason } = explainBuild(build, [
      '[Container] 2026/11/27 22:13:04.123456 Running command node a.mjs',
      '[Container] Running command node b.mjs',
      'progress: installing 1 of 3 packages',
      'exit 1',
    ]);

    expect(reason).toBe(
      'the image was not built: it ended in BUILD with States.TaskFailed\nexit 1',
    );
  });
});
