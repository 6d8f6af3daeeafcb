import { pickleGlobals } from '#formats/pickle/globals.ts';
import { pickleOf, pickleRefusal, scan } from '../../support/models/pickles.ts';

const PARTIAL = 'cfunctools\npartial\n';
const CHECK = 'csklearn.utils.validation\ncheck_array\n';
const LOG = 'cnumpy\nlog1p\n';

/** The state of a partial: its function, its arguments by place and by name, and other attributes. */
const stateOf = (of: string) => `(${of}(t(dNtb`;

describe('a partial, which waits for its arguments,', () => {
  it('may be of the check that histogram trees keep', async () => {
    const globals = pickleGlobals('model.pkl', []);

    await scan(pickleOf(`${PARTIAL}(${CHECK}tR${stateOf(CHECK)}.`), { globals });

    expect(() => globals.refuseUnknown()).not.toThrow();
  });

  it.each([
    { what: 'of another function that is known', pickle: `${PARTIAL}(${LOG}tR.`, says: 'binds' },
    { what: 'of nothing', pickle: `${PARTIAL}(tR.`, says: 'binds' },
    {
      what: 'whose state names another function',
      pickle: `${PARTIAL}(${CHECK}tR${stateOf(LOG)}.`,
      says: 'binds',
    },
    {
      what: 'whose state is none',
      pickle: `${PARTIAL}(${CHECK}tRNb.`,
      says: 'binds',
    },
    { what: 'that is called', pickle: `${PARTIAL}(${CHECK}tR(tR.`, says: 'calls' },
    { what: 'made without a call', pickle: `${PARTIAL}(${CHECK}t\x81.`, says: 'makes' },
    {
      what: 'made as an object of another class',
      pickle: `ccopyreg\n_reconstructor\n(${PARTIAL}cbuiltins\nobject\nNtR.`,
      says: 'makes',
    },
    {
      what: 'which fills a collection',
      pickle: `ccollections\ndefaultdict\n(${PARTIAL}(${CHECK}tRtR.`,
      says: 'fills',
    },
    { what: 'whose check is called itself', pickle: `${CHECK}(tR.`, says: 'calls' },
  ])('is refused $what', async ({ pickle, says }) => {
    const { message } = await pickleRefusal(pickleOf('\x80\x02', pickle));

    expect(message).toContain(says);
  });
});
