import fc from 'fast-check';
import { Failure } from '#domain/failure.ts';
import { readTrouble, wireMessage } from '#domain/trouble.ts';

function caught(failure: Failure) {
  const cause = { errorType: failure.name, errorMessage: wireMessage(failure) };
  return { Error: failure.name, Cause: JSON.stringify(cause) };
}

describe('a trouble', () => {
  it('keeps the reason and the fix of a failure across the workflow', () => {
    const sentence = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(sentence, fc.string(), (reason, fix) => {
        const failure = new Failure('ArtifactRejected', reason, { fix });

        expect(readTrouble(caught(failure))).toEqual({ name: 'ArtifactRejected', reason, fix });
      }),
    );
  });

  it.each([
    { what: 'no JSON', cause: 'the state ran for 60 seconds' },
    { what: 'JSON that is no object', cause: '"timed out"' },
    { what: 'nothing', cause: 'null' },
    { what: 'an object without a message', cause: '{"errorType":"TypeError"}' },
    { what: 'a message that is no text', cause: '{"errorMessage":7}' },
  ])('tells the whole cause when it is $what', ({ cause }) => {
    expect(readTrouble({ Error: 'States.Timeout', Cause: cause })).toEqual({
      name: 'States.Timeout',
      reason: `States.Timeout: ${cause}`,
      fix: '',
    });
  });

  it.each(['', 'States.Timeout'])(
    'of a step that took too long (%j) says so, and what to do',
    (cause) => {
      expect(readTrouble({ Error: 'States.Timeout', Cause: cause })).toEqual({
        name: 'States.Timeout',
        reason: 'a step of the deployment took longer than it may',
        fix: expect.stringContaining('Upload the model again'),
      });
    },
  );
});
