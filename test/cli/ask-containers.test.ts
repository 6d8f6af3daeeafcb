import { asksForContainers } from '../../src/cli/ask-containers.ts';
import type { DeploymentEvent } from '../../src/cli/follow.ts';

const ACCOUNT = { stage: 'prod', profile: undefined, region: undefined };

const told = (state: string, data: object = {}) =>
  ({ detail: { model: 'digits', state, data } }) as unknown as DeploymentEvent;

const WAITING = told('Waiting', { awaits: 'containers' });

function asking({ yes = false, agrees = true } = {}) {
  const turned: string[] = [];
  const words: string[] = [];
  const asks = asksForContainers({
    account: ACCOUNT,
    yes,
    tell: () => undefined,
    turnOn: async ({ stage }, wanted) => void turned.push(`${stage} ${wanted}`),
    confirm: async (word, { refusal, fix }) => {
      words.push(word);
      if (!agrees) throw Object.assign(new Error(refusal), { fix });
    },
  });
  return { asks, turned, words };
}

describe('who pushes a model that waits for containers', () => {
  it('is asked, and turns them on', async () => {
    const { asks, turned, words } = asking();

    await asks(WAITING);

    expect({ turned, words }).toEqual({ turned: ['prod public'], words: ['prod'] });
  });

  it('is not asked after --yes', async () => {
    const { asks, turned, words } = asking({ yes: true });

    await asks(WAITING);

    expect({ turned, words }).toEqual({ turned: ['prod public'], words: [] });
  });

  it('leaves the deployment to wait when nobody agrees, and is told the ways on', async () => {
    const { asks, turned } = asking({ agrees: false });

    await expect(asks(WAITING)).rejects.toMatchObject({
      message: 'digits waits for containers, and is no longer followed here',
      fix: expect.stringMatching(
        /--yes .*slipway deploy --stage prod --containers public.*slipway abort/,
      ),
    });
    expect(turned).toEqual([]);
  });

  it.each([told('Waiting'), told('Building'), told('Live')])(
    'is asked about nothing else',
    (event) => {
      expect(asking().asks(event)).toBeUndefined();
    },
  );
});
