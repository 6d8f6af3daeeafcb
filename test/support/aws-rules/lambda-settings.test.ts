import { accountSettings } from '../aws/rules/lambda-settings.ts';
import { ruled } from './ruled.ts';

it('the settings of an account have the limit of its functions', async () => {
  const limit = { ConcurrentExecutions: 10 };

  expect(await ruled(accountSettings(limit), 'Lambda.GetAccountSettings', {})).toEqual({
    AccountLimit: limit,
  });
  expect(await ruled(accountSettings(undefined), 'Lambda.GetAccountSettings', {})).toEqual({});
});
