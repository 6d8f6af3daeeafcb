import { revisionAddress, routeAddress } from '#adapters/aws/api/probe-address.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { Behaviour } from '../../../contracts/prober.ts';
import { itBearsFaultsInOneAccount } from '../../../support/aws/fault-matrix.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { probedFunctionsWorld } from '../../../support/aws/probed-functions.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';

const REQUEST: GoldenRequest = { protocol: 'infer', body: { inputs: [{ name: 'x', data: [1] }] } };
const ROUTE = routeAddress('digits');
const CANDIDATE = revisionAddress({ revision: 'digits-v1', target: 'lambda' });
// Only a hanging probe would take so long.
const TIMEOUT_MS = 600_000;
const LOOKS = 6;

const echoes: Behaviour = ({ body }) => ({ status: 200, body });
const fails: Behaviour = () => ({ status: 500, body: 'broken' });
const send = (address: string) => (prober: Prober) =>
  prober.send(address, 'digits', REQUEST, TIMEOUT_MS);

const DEEDS: readonly {
  readonly deed: string;
  readonly behaviour: Behaviour;
  run(prober: Prober): Promise<ProbeAnswer>;
}[] = [
  { deed: 'a request to a model', behaviour: echoes, run: send(ROUTE) },
  { deed: 'a request to a candidate', behaviour: echoes, run: send(CANDIDATE) },
  { deed: 'a request to a candidate that fails', behaviour: fails, run: send(CANDIDATE) },
  {
    deed: 'a look at whether a candidate is ready',
    behaviour: echoes,
    run: (prober) => prober.ready(CANDIDATE, '/ping', TIMEOUT_MS),
  },
];

/** Probes as a step does: no answer is an outcome, after which it asks again. */
async function answered(ask: () => Promise<ProbeAnswer>) {
  for (let look = 0; look < LOOKS; look += 1) {
    const seen = await ask();
    const isBusy = seen.kind === 'answer' && seen.status === 429;
    if (seen.kind === 'answer' && !isBusy) {
      const { latencyMs, ...answer } = seen;
      return { ...answer, isTimed: latencyMs > 0 };
    }
    const said = seen.kind === 'answer' ? seen.body : seen.reason;
    expect(said).toMatch(/Rate exceeded|broken|no answer/);
  }
  throw new Error(`no answer, ${LOOKS} times in a row`);
}

describeOnMoto('awsProber of functions on moto', (moto) => {
  for (const { deed, behaviour, run } of DEEDS) {
    const open = () => probedFunctionsWorld(moto(), () => behaviour);
    const prepare = async (world: Awaited<ReturnType<typeof open>>) => ({
      async deed(outer: (client: AnyClient) => void) {
        const setup = { maxAttempts: 1, outer };
        const lambda = world.lambda(setup);
        const dynamo = world.dynamo(undefined, setup);
        const answer = await answered(() => run(world.probing({ lambda, dynamo })));
        expect(answer).toMatchObject({ revision: 'digits-v1', isTimed: true });
        // Lambda names the invocation in its errors.
        const body = answer.body.replaceAll(/[0-9a-f-]{36}/g, 'ID');
        return { ...answer, body };
      },
      // Nothing but reads.
      left: async () => undefined,
    });
    itBearsFaultsInOneAccount(deed, { open, prepare });
  }
});
