import { type Ground, type ProveOptions, prove } from '#operations/evidence/prove.ts';

const ON_LAMBDA = { targets: ['lambda'], claims: [], watchMs: 0 } as const;

/** A ground without an account: parts that are not given must not be called. */
function bareGround(given: Partial<Ground>): Ground & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    inventory: async () => [],
    deploy: async () => void asked.push('deploy'),
    open: async () => Promise.reject(new Error('there is no account')),
    sample: async () => [],
    async *uninstall() {
      asked.push('uninstall');
      yield { what: 'the stack', reason: '' };
    },
    ...given,
  };
}

function wish(given: Partial<ProveOptions> = {}): ProveOptions {
  return { ...ON_LAMBDA, signal: new AbortController().signal, tell: () => {}, ...given };
}

describe('a proof', () => {
  it('makes nothing where something of the stage is there', async () => {
    const ground = bareGround({ inventory: async () => ['bucket slipway-proof'] });

    await expect(prove(ground, wish())).rejects.toThrow('bucket slipway-proof');
    expect(ground.asked).toEqual([]);
  });

  it('removes the stage when the deploy has failed, and says why it did', async () => {
    const ground = bareGround({
      deploy: async () => Promise.reject(new Error('ROLLBACK_COMPLETE')),
    });

    const { acts } = await prove(ground, wish());

    expect(acts).toMatchObject([
      { act: 'deploy the stage', isDone: false, said: 'ROLLBACK_COMPLETE' },
      { act: 'remove the stage', isDone: true, said: 'removed 1 things' },
      { act: 'look at what is left', isDone: true },
    ]);
    expect(ground.asked).toEqual(['uninstall']);
  });

  it('removes the stage when the time is up, and begins nothing more', async () => {
    const ground = bareGround({});

    const { acts } = await prove(ground, wish({ signal: AbortSignal.abort() }));

    expect(acts).toMatchObject([
      { act: 'deploy the stage', isDone: false, said: 'not begun: the time was up' },
      { act: 'remove the stage', isDone: true },
      { act: 'look at what is left', isDone: true },
    ]);
  });

  it('tells what could not be removed, and what is left', async () => {
    let looks = 0;
    const ground = bareGround({
      inventory: async () => (looks++ === 0 ? [] : ['bucket slipway-proof']),
      async *uninstall() {
        yield { what: 'the stack', reason: '' };
        yield { what: 'the bucket', reason: 'denied' };
      },
    });

    const { acts, leftovers } = await prove(ground, wish());

    expect(acts).toContainEqual(
      expect.objectContaining({
        act: 'remove the stage',
        isDone: false,
        said: 'left the bucket: denied',
      }),
    );
    expect(leftovers).toEqual(['bucket slipway-proof']);
  });

  it('takes what it could not look at for left', async () => {
    let looks = 0;
    const ground = bareGround({
      inventory: async () => (looks++ === 0 ? [] : Promise.reject(new Error('denied'))),
    });

    expect((await prove(ground, wish())).leftovers).toEqual(['unknown: the account did not tell']);
  });
});
