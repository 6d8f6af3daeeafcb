import { PassThrough } from 'node:stream';
import { agree } from '../../src/cli/agree.ts';

const REFUSED = { refusal: 'nothing was removed', fix: 'Use --yes.' };

/** A terminal at which this is typed. */
function terminal(typed: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = Object.assign(new PassThrough(), { isTTY: true });
  input.write(typed);
  return { input, output };
}

describe('before something is taken away, the user', () => {
  it('agrees by typing its name', async () => {
    await expect(agree('digits', REFUSED, terminal('digits\n'))).resolves.toBeUndefined();
  });

  it.each([
    ['another word', 'digit\n'],
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('declines by %s', async (_, typed) => {
    await expect(agree('digits', REFUSED, terminal(typed))).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'nothing was removed',
      fix: '',
    });
  });

  it('is told of the option where nobody can be asked', async () => {
    const nowhere = { input: new PassThrough(), output: new PassThrough() };

    await expect(agree('digits', REFUSED, nowhere)).rejects.toMatchObject({ fix: 'Use --yes.' });
  });
});
