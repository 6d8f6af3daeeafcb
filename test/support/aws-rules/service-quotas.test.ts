import { serviceQuotas } from '../aws/rules/service-quotas.ts';
import { ruled } from './ruled.ts';

const VCPUS = { ServiceCode: 'fargate', QuotaCode: 'L-1' };

it('an account that asked for no other value has only the default', async () => {
  const rules = serviceQuotas({ own: { 'L-2': 20 }, common: { 'L-1': 6, 'L-2': 6 } });
  const own = (input: object) => ruled(rules, 'ServiceQuotas.GetServiceQuota', input);

  expect(await own(VCPUS)).toBe('NoSuchResourceException');
  expect(await own({ ...VCPUS, QuotaCode: 'L-2' })).toMatchObject({ Quota: { Value: 20 } });
  expect(await ruled(rules, 'ServiceQuotas.GetAWSDefaultServiceQuota', VCPUS)).toMatchObject({
    Quota: { Value: 6 },
  });
});
