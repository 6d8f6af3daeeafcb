import { describeOnMoto } from '../support/aws/moto.ts';
import { localAws } from '../support/aws-world/local.ts';
import { deploymentOf, REQUEST, TO_PLAN } from '../support/aws-world/scenarios.ts';
import { addConstantModel } from '../support/models/onnx.ts';

const MANIFEST = `runtime: { port: 8080, requestPath: /v2/models/own/infer }\nrollout: { bakeSeconds: 1 }\nexamples: [{ request: ${JSON.stringify(REQUEST)} }]\n`;

describeOnMoto('a Dockerfile in an account', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  /** A folder with a Dockerfile, whose manifest comes last. */
  async function drop(folder: string, constant: number) {
    const put = (name: string, bytes: Uint8Array) =>
      world.upload('own', bytes, undefined, `${folder}/${name}`);
    await put('Dockerfile', Buffer.from('FROM scratch'));
    await put('served.onnx', addConstantModel({ constant }));
    return put('model.yaml', Buffer.from(MANIFEST));
  }

  it('is built apart, and the image that it leaves is pushed and goes live', async () => {
    const run = await world.run(await drop('v1', 10));

    const builds = ['GrantBuild', 'IsDockerfile', 'BuildOwnImage', 'BuildImage'];
    expect(run.states.slice(0, TO_PLAN.length + builds.length)).toEqual([...TO_PLAN, ...builds]);
    expect(run.states.at(-1)).toBe('Live');
  });

  it('is pushed nowhere when its build fails, which is explained', async () => {
    world.builds.failNext(['failed to solve: pull access denied']);

    const event = await drop('v2', 20);
    const run = await world.run(event);

    expect(run.states).toContain('BuildOwnImage');
    expect(run.states).not.toContain('BuildImage');
    const deployment = await world.ports.registry.deployment(await deploymentOf(event));
    expect(deployment).toMatchObject({
      phase: 'Failed',
      trouble: { reason: expect.stringContaining('pull access denied') },
    });
  });
});
