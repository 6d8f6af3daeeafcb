import { describeOnMoto } from '../support/aws/moto.ts';
import { CONTROL_PLANE } from '../support/aws/rules/lambda-rate.ts';
import { localAws } from '../support/aws-world/local.ts';
import { addConstantModel } from '../support/models/onnx.ts';

const CANARY = 'rollout: { strategy: canary, bakeSeconds: 180 }';

/** How many requests of a deployment count against the 15 a second that an account's functions share. */
const DEPLOYMENTS = [
  { name: 'a first version', most: 25, manifest: undefined },
  { name: 'an upgrade', most: 40, manifest: 'rollout: { bakeSeconds: 180 }' },
  { name: 'a canary', most: 60, manifest: CANARY },
] as const;

describeOnMoto('the control plane of Lambda', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  let asked: string[] = [];
  beforeAll(async () => {
    const count = {
      name: 'counts',
      service: 'Lambda',
      commands: CONTROL_PLANE,
      source: 'this test',
      before: ({ command }: { readonly command: string }) => void asked.push(command),
    };
    world = await localAws(moto(), { isCold: true, also: () => [count] });
  });
  afterAll(() => world.close());

  it.each(DEPLOYMENTS)(
    'is asked at most $most times for $name, though each step begins cold',
    async (deployment) => {
      const constant = 10 * (1 + DEPLOYMENTS.indexOf(deployment));
      const event = await world.upload(
        'counted',
        addConstantModel({ constant }),
        deployment.manifest,
      );
      asked = [];

      const { states } = await world.run(event);

      const counts = Map.groupBy(asked, (command) => command);
      const each = [...counts].map(([command, calls]) => `${calls.length} ${command}`);
      process.stdout.write(`${deployment.name}: ${asked.length} requests: ${each.join(', ')}\n`);
      expect(states.at(-1)).toBe('Live');
      expect(asked.length).toBeLessThanOrEqual(deployment.most);
    },
  );
});
