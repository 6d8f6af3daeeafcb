import { isStage, stageOf } from '#domain/build/build-progress.ts';

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
    expect(isStage(line)).toBe(false);
  });
});
