import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { awsError } from '../../support/aws/rules/rules.ts';

const refused = (error: unknown, names = {}) =>
  translated(() => Promise.reject(error), names).catch((failure: unknown) => failure);

const answered = (name: string, status: number) => awsError({ name, message: 'no', status });

describe('an error of AWS', () => {
  it.each([
    ['ThrottlingException', 400, 'PlatformThrottled'],
    ['ProvisionedThroughputExceededException', 400, 'PlatformThrottled'],
    ['SlowDown', 503, 'PlatformThrottled'],
    ['SomethingElse', 429, 'PlatformThrottled'],
    ['AccessDeniedException', 400, 'PlatformDenied'],
    ['ExpiredTokenException', 400, 'PlatformDenied'],
    ['Forbidden', 403, 'PlatformDenied'],
    ['InternalServerError', 500, 'PlatformUnavailable'],
    ['UnknownError', 503, 'PlatformUnavailable'],
  ])('%s with status %i is %s', async (name, status, failure) => {
    const cause = answered(name, status);

    const thrown = await refused(cause);

    expect(thrown).toBeInstanceOf(Failure);
    expect(thrown).toMatchObject({ name: failure, message: `${name}: no`, cause });
  });

  it.each([
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('no answer in time'), { name: 'TimeoutError' }),
  ])('is unavailability when there was no answer: $message', async (cause) => {
    expect(await refused(cause)).toMatchObject({ name: 'PlatformUnavailable', cause });
  });

  it('is a denial when there are no credentials', async () => {
    const cause = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });

    expect(await refused(cause)).toMatchObject({ name: 'PlatformDenied', cause });
  });

  it('means what the adapter says that it means, before anything else', async () => {
    const cause = answered('LimitExceededException', 429);
    const names = { LimitExceededException: 'StorageFull' };

    expect(await refused(cause, names)).toMatchObject({ name: 'StorageFull', cause });
  });

  it('stays as it is when nobody knows it, or it is a failure already', async () => {
    const unknown = answered('ValidationException', 400);
    const failure = new Failure('LeaseLost', 'lost');

    expect(await refused(unknown)).toBe(unknown);
    expect(await refused(failure)).toBe(failure);
    expect(await refused('text')).toBe('text');
  });

  it('is none when the call succeeds', async () => {
    expect(await translated(async () => 1)).toBe(1);
  });
});
