import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/clock/eventually.ts';
import {
  addConstantModel,
  hungryModel,
  unknownOperatorModel,
  zeros,
} from '../support/models/onnx.ts';
import { startSlipway } from '../support/slipway/running.ts';
import { dockerFolder, removeImages } from './docker.ts';

const KEY = 'models/shapes/model.onnx';
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
const DOCKER = { config: { engine: 'docker', gatewayPort: 0, controlPort: 0 } } as const;

const docker = (...args: readonly string[]) => execFileSync('docker', args).toString().trim();
const running = () =>
  docker('ps', '--quiet', '--filter', 'label=slipway.data').split('\n').filter(Boolean);

const images = () =>
  docker('image', 'ls', '--quiet', 'slipway/shapes-*').split('\n').filter(Boolean);

// A Slipway that a test leaves is killed, and its containers end themselves.
afterAll(removeImages);
afterEach(async () => void (await eventually(() => running().length === 0)));

describe('Slipway with the docker engine', () => {
  it('builds an image, measures it, and runs it within the limits of Lambda', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);

    slipway.drop(KEY, addConstantModel({ constant: 10 }));
    const live = await slipway.ending('shapes', 1);
    const answer = await slipway.infer('shapes', REQUEST);

    expect(live.detail.state).toBe('Live');
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [11, 12] }] });
    expect(answer.headers.get('x-slipway-revision')).toBe('shapes-v1');
    const { work } = (await slipway.get(`/deployments/${live.detail.deploymentId}`)) as Recorded;
    expect(work.image.uncompressedBytes).toBeGreaterThan(100_000_000);
    const [{ HostConfig, Config }] = JSON.parse(docker('inspect', ...running()));
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      IpcMode: 'none',
      Memory: 1769 * 1024 * 1024,
      PidsLimit: 1024,
      // It began with half of that.
      CpuShares: 1024,
    });
    const metrics = await (await fetch(`${slipway.gateway}/metrics`)).text();
    const held = /^slipway_model_server_memory_bytes\{.*revision="shapes-v1".*\} (\d+)$/m.exec(
      metrics,
    );
    // The server alone holds more, and all of its processes less than they may.
    expect(Number(held?.[1])).toBeGreaterThan(20 * 1024 * 1024);
    expect(Number(held?.[1])).toBeLessThan(1769 * 1024 * 1024);
    expect(Config.User).not.toMatch(/^(0|root|$)/);
  });

  it('keeps a version serving when the next one does not load, and leaves no container of that', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);
    slipway.drop(KEY, addConstantModel({ constant: 10 }));
    await slipway.ending('shapes', 1);
    const before = images();

    slipway.drop(KEY, unknownOperatorModel());
    const failed = await slipway.ending('shapes', 2);

    expect(failed.detail).toMatchObject({ state: 'Failed', version: 2 });
    expect(failed.detail.reason).toMatch(/did not load, or did not answer.*Mystery/s);
    const answer = await slipway.infer('shapes', REQUEST);
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [11, 12] }] });
    expect(running()).toHaveLength(1);
    expect(images()).toEqual(before);
  });

  it('says that a model used more memory than it has, and answers the next request', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);
    slipway.drop(`${KEY}.yaml`, 'resources: { memory: 400Mi }');
    slipway.drop(KEY, hungryModel());
    await slipway.ending('shapes', 1);

    // At the limit the kernel first drops and rereads all the pages that it may: on a busy machine that takes longer than a request may.
    const refused = await eventually(async () => {
      const answer = await slipway.infer('shapes', zeros(400_000_000));
      return answer.status !== 504 && { status: answer.status, said: await answer.text() };
    });
    const answered = await slipway.infer('shapes', zeros(7));

    expect(refused).toEqual({
      status: 502,
      said: expect.stringContaining('more than its limit of 400 MiB'),
    });
    expect(await answered.json()).toMatchObject({ outputs: [{ data: [0] }] });
  });

  it('leaves no container behind when it is killed, and serves again after a restart', async () => {
    await using folder = await dockerFolder();
    const first = await startSlipway(folder.path, DOCKER);
    first.drop(KEY, addConstantModel({ constant: 10 }));
    await first.ending('shapes', 1);

    await first.kill();
    await eventually(() => running().length === 0);
    await using second = await startSlipway(folder.path, DOCKER);
    const answer = await second.infer('shapes', REQUEST);

    expect(await answer.json()).toMatchObject({ outputs: [{ data: [11, 12] }] });
  });

  it('takes a deployment up again that was killed in the middle of its build', async () => {
    await using folder = await dockerFolder();
    const first = await startSlipway(folder.path, DOCKER);
    first.drop(KEY, addConstantModel({ constant: 12 }));
    await eventually(() => readdirSync(join(folder.path, 'builds')).length > 0);

    await first.kill();
    await using second = await startSlipway(folder.path, DOCKER);
    const live = await second.ending('shapes', 1);
    const answer = await second.infer('shapes', REQUEST);

    expect(live.detail).toMatchObject({ state: 'Live', version: 1 });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [13, 14] }] });
  });

  it('explains a build that failed by its log', async () => {
    await using folder = await dockerFolder();
    process.env['WEB_ADAPTER_IMAGE'] = '127.0.0.1:1/no-such-adapter:1';
    await using slipway = await startSlipway(folder.path, DOCKER);
    delete process.env['WEB_ADAPTER_IMAGE'];

    slipway.drop(KEY, addConstantModel({ constant: 11 }));
    const failed = await slipway.ending('shapes', 1);

    expect(failed.detail).toMatchObject({ state: 'Failed', data: { error: 'BuildFailed' } });
    expect(failed.detail.reason).toContain('the image was not built');
    expect(failed.detail.reason).toContain('no-such-adapter');
  });
});

type Recorded = {
  readonly work: {
    readonly image: {
      readonly tag: string;
      readonly uncompressedBytes: number;
      readonly compressedBytes: number;
    };
  };
};
