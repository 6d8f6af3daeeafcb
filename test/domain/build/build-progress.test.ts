import { lastLines, stageOf } from '#domain/build/build-progress.ts';

describe('the stage of a build', () => {
  it('is the last that its log tells', () => {
    const lines = [
      'progress: resolving packages',
      'a warning',
      'progress: installing 14 of 31 packages',
      'another',
    ];

    expect(stageOf(lines)).toBe('installing 14 of 31 packages');
    expect(stageOf(['a warning'])).toBeNull();
    expect(stageOf([])).toBeNull();
  });

  it.each([
    'progress: ',
    `progress: ${'x'.repeat(61)}`,
    'progress: \u001b[2J',
    'progress: see http://elsewhere',
    'progress: двести строк',
    ' progress: loading',
    'the progress: loading',
  ])('is nothing that could be more than a few plain words: %j', (line) => {
    expect(stageOf(['progress: loading the model', line])).toBe('loading the model');
  });
});

it('the last lines of a build are five that say something, without commands, phases, stages and the rights in URLs', () => {
  const lines = [
    ...['one', 'two', 'three', '', 'four'],
    '[Container] Running command node a.mjs',
    'progress: installing 1 of 3 packages',
    '[Container] Phase complete: PRE_BUILD State: SUCCEEDED',
    '[Container] 2026/11/29 02:45:19.105 Entering phase BUILD',
    'GET https://bucket/models/a.onnx?X-Amz-Signature=0123 failed',
    'six',
  ];

  expect(lastLines(lines)).toEqual([
    ...['two', 'three', 'four'],
    'GET https://bucket/models/a.onnx?… failed',
    'six',
  ]);
});
