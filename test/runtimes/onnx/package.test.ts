import { readFileSync } from 'node:fs';

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

it('installs in the image the very packages that the tests run on', () => {
  const tested = read('../../../package.json');
  const { dependencies, devDependencies } = read('../../../runtimes/onnx/package.json');

  expect({ ...tested.dependencies, ...tested.optionalDependencies }).toMatchObject(dependencies);
  expect(tested.devDependencies).toMatchObject(devDependencies);
});
