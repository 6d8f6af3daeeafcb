import { deployedFunctions } from '../support/lambda/bundles.ts';

// Many new accounts refuse a larger one, and with it the first stack.
const MOST_MB = 512;

it('no function of the template has more memory than every account gives one', () => {
  const large = deployedFunctions.filter(({ memoryMb }) => memoryMb > MOST_MB);

  expect(deployedFunctions.length).toBeGreaterThan(20);
  expect(large).toEqual([]);
});
